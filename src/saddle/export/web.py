"""A page for a browser: any static host, or a double click on index.html. It loads nothing else, unless it is asked to.

A page in a folder of files may not fetch other files, so the models and the runtime stand in scripts, as base64.
"""

import base64
import html
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from saddle.error import ArgumentError
from saddle.export.description import described
from saddle.export.file import ExportedFile, write_checked
from saddle.export.naming import length_of, title_of
from saddle.export.network import ExportedNetwork, networks_of
from saddle.run.argument import image_shape
from saddle.run.opened import OpenedRun
from saddle.training.sampling import as_bytes

_PAGES = Path(__file__).parent / "page"
_SHARED = ("style.css", "model.js")
_RUNTIME = "ort.wasm.min.js"
_SCRIPT, _BINARY = "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"
_LINK = "https://cdn.jsdelivr.net/npm/onnxruntime-web@{}/dist/"
_SOURCES = 12


def check_page(run: OpenedRun, runtime: Path | None, version: str | None) -> None:
    """Raise InputError unless a browser can show what a run makes, and there is one place of onnxruntime-web."""
    if run.makes_points:
        raise ArgumentError("format", "web", f"{run.checkpoint} makes points, not images: use onnx")
    channels = image_shape(run)[0]
    if channels not in (1, 3, 4):
        raise ArgumentError("format", "web", f"a browser shows 1, 3 or 4 channels, not {channels}: use onnx")
    if (runtime is None) == (version is None):
        raise ArgumentError(
            "format",
            "web",
            "name the page's onnxruntime-web: --runtime-version 1.30.0 links it, so that the page needs a network; "
            "--runtime FOLDER copies it from that folder (npm install onnxruntime-web), so that it needs none",
        )
    if runtime is not None:
        _folder_of(runtime)


def _folder_of(runtime: Path) -> Path:
    """The folder in or below `runtime` with the files of onnxruntime-web; raises ArgumentError if one is missing."""
    below = ("", "dist", "onnxruntime-web/dist", "node_modules/onnxruntime-web/dist")
    folder = next((runtime / name for name in below if (runtime / name / _RUNTIME).is_file()), runtime)
    for name in (_RUNTIME, _SCRIPT, _BINARY):
        if not (folder / name).is_file():
            reason = f"there is no {name}: name the folder of the package onnxruntime-web (npm install onnxruntime-web)"
            raise ArgumentError("runtime", runtime, reason)
    return folder


def write_page(
    run: OpenedRun, folder: Path, truncation: float | None, runtime: Path | None, version: str | None
) -> list[ExportedFile]:
    """Write the page of a run's generator, or of both generators of a run that translates, to an empty folder."""
    networks = [network for network in networks_of(run) if network.kind != "encoder"]
    made = [write_checked(run, network, folder, "onnx", "uint8", truncation) for network in networks]
    kind = networks[0].kind
    names = [*_SHARED, f"{kind}.js", *(["noise.js"] if kind == "generator" else [])]
    for name in names:
        shutil.copyfile(_PAGES / name, folder / name)
    _write_script(folder / "data.js", "EXPORT", _data(run, networks, folder, truncation))
    _write_script(folder / "runtime.js", "RUNTIME", _runtime(folder, runtime, version))
    link = _RUNTIME if version is None else _LINK.format(version) + _RUNTIME
    page = (_PAGES / f"{kind}.html").read_text(encoding="utf-8")
    for place, text in {"title": title_of(run), "length": length_of(run), "runtime": link}.items():
        page = page.replace(f"{{{place}}}", html.escape(text))
    (folder / "index.html").write_text(page, encoding="utf-8")
    return made


def _write_script(file: Path, name: str, content: dict[str, Any]) -> None:
    """Write a script with one constant."""
    file.write_text(f"const {name} = {json.dumps(content)};\n", encoding="utf-8")


def _data(run: OpenedRun, networks: list[ExportedNetwork], folder: Path, truncation: float | None) -> dict[str, Any]:
    """What the page reads: the models and what they are."""
    description = described(run, networks[0], "uint8", truncation)
    data = {name: description[name] for name in ("classes", "truncation", "shape", "code", "checkpoint", "version")}
    data["latentDim"] = description["latent_dim"]
    data["models"] = {network.name: _as_text(folder / f"{network.name}.onnx") for network in networks}
    if run.reads == "source":
        batch = run.image_data.held_out(_SOURCES)
        sources = {"generator": batch["source"], "inverse": batch["image"]}
        data["sources"] = {name: _bytes_of(images) for name, images in sources.items()}
    return data


def _bytes_of(images: torch.Tensor) -> str:
    """Images (N, C, H, W) in [-1, 1] as bytes (N, H, W, C), in base64."""
    return base64.b64encode(as_bytes(images).permute(0, 2, 3, 1).contiguous().numpy().tobytes()).decode()


def _runtime(folder: Path, runtime: Path | None, version: str | None) -> dict[str, str]:
    """Where the page finds the parts of onnxruntime-web: inside the script, or at the place of a version."""
    if runtime is None:
        return {"place": _LINK.format(version)}
    source = _folder_of(runtime)
    shutil.copyfile(source / _RUNTIME, folder / _RUNTIME)
    return {"script": _as_text(source / _SCRIPT), "binary": _as_text(source / _BINARY)}


def _as_text(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
