"""The model card of a run, as model hubs read it: what it is, how good it is, how to load it and to make it again."""

import json
import shlex
from pathlib import Path
from typing import Any

import yaml

from saddle.config.override import key_of, quoted, value_of
from saddle.config.place import is_path
from saddle.config.signature import import_target
from saddle.export.figures import Figures, figures_of
from saddle.export.file import ExportedFile
from saddle.export.naming import length_of, title_of
from saddle.export.snippet import snippet_of
from saddle.run.folder import overrides_file, summary_of
from saddle.run.opened import OpenedRun

GRID = "samples.png"

_OWN = ("folder", "hydra.run.dir", "resume", "keep")
"""Settings that name the run itself."""


def card_of(run: OpenedRun, description: dict[str, Any], files: list[ExportedFile]) -> str:
    """The card in Markdown, of a generator's description and of the files beside it."""
    parts = [
        _front_matter(run, description),
        f"# {title_of(run)}",
        _introduction(run, description),
        f"![samples]({GRID})",
        "## Use",
        _use(description),
        "## Quality",
        _quality(figures_of(run)),
        "## Training",
        _training(run, description),
        "## Files",
        _files(files),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(run: OpenedRun, description: dict[str, Any]) -> str:
    """The lines that hubs read. The license of the weights is for their owner to choose, so none is claimed."""
    tags = ["gan", "onnx", "safetensors", _game(run)]
    lines = ["---", f"tags: {json.dumps(tags)}"]
    if description["kind"] == "translator":
        lines.append("pipeline_tag: image-to-image")
    elif description["shape"] is not None:
        lines.append("pipeline_tag: unconditional-image-generation")
    return "\n".join([*lines, "---"])


def _game(run: OpenedRun) -> str:
    name: str = run.record["game"]["_target_"].split(".")[-2]
    return name


def _introduction(run: OpenedRun, description: dict[str, Any]) -> str:
    made = "points in the plane" if description["shape"] is None else _images_in_words(description)
    text = f"A generator of {made}, trained by saddle {description['version']} (game={_game(run)}) on {title_of(run)}: "
    text += f"{length_of(run)}, seed {run.seed}."
    if description["classes"]:
        text += f" Its classes are, from 0 on: {', '.join(description['classes'])}."
    return text


def _images_in_words(description: dict[str, Any]) -> str:
    channels, height, width = description["shape"]
    kind = {1: "gray images", 3: "images in color", 4: "images in color with alpha"}
    return f"{kind.get(channels, f'images of {channels} channels')}, {width} x {height} pixels"


def _use(description: dict[str, Any]) -> str:
    needs = "`pip install onnxruntime numpy pillow`" if description["shape"] else "`pip install onnxruntime numpy`"
    text = f"{needs} is all that this needs:\n\n```python\n{snippet_of(description)}\n```"
    text += "\n\nWith saddle, the weights load to a network of the same bits:\n\n```python\n"
    text += "from saddle.export.weights import read_network\n\n"
    return text + 'generator = read_network("generator.safetensors")\n```'


def _quality(figures: Figures | None) -> str:
    if figures is None:
        return "Not measured: `saddle evaluate` was not run on this checkpoint."
    lines = ["| metric | samples | real data |", "|---|---|---|"]
    for name, value in figures.samples.items():
        floor = f"{figures.floors[name]:.4f}" if name in figures.floors else "-"
        lines.append(f"| {name} | {value:.4f} | {floor} |")
    stamp = f"Measured from: `{json.dumps(figures.stamp)}`. Compare only figures that agree in this."
    floors = "Real data that was held out scores the last column."
    return "\n".join([*lines, "", stamp, floors if figures.floors else "Real data was not measured beside them."])


def _training(run: OpenedRun, description: dict[str, Any]) -> str:
    lines = [
        f"- Data: {title_of(run)}. License of the data: {_license_of_data(run)}.",
        f"- Checkpoint: SHA-256 `{description['checkpoint']['sha256']}`.",
        f"- Versions: {_versions(run, description)}.",
    ]
    command = command_of(run)
    if command is not None:
        lines.append(f"- Command: `{command}`")
    return "\n".join(lines)


def _license_of_data(run: OpenedRun) -> str:
    """The license that the setting data.license names, or else the one of a data set that saddle knows."""
    node = run.record["data"]
    known = node.get("license") or getattr(import_target("data", node["_target_"]), "license", None)
    return known or "not recorded; ask whoever made it"


def _versions(run: OpenedRun, description: dict[str, Any]) -> str:
    versions = {} if run.folder is None else summary_of(run.folder).get("versions", {})
    return ", ".join(f"{name} {value}" for name, value in (versions or {"saddle": description["version"]}).items())


def command_of(run: OpenedRun) -> str | None:
    """The command that makes the run again, with the last names of its paths; None where nothing recorded it."""
    if run.folder is None:
        return None
    try:
        overrides = yaml.safe_load(overrides_file(run.folder).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    shown = [_shareable(str(text)) for text in overrides or () if key_of(str(text)) not in _OWN]
    return shlex.join(["saddle", "train", *shown])


def _shareable(override: str) -> str:
    """An override without the place of a folder on this machine."""
    key, value = key_of(override), value_of(override)
    if not is_path(key) or not Path(value).is_absolute():
        return override
    return f"{override.partition('=')[0]}={quoted(Path(value).name)}"


def _files(files: list[ExportedFile]) -> str:
    lines = ["| file | run by | greatest difference from saddle |", "|---|---|---|"]
    for made in files:
        lines.append(f"| {made.file.name} | {made.engine} | {made.difference} |")
    return "\n".join(lines)
