"""Exports a run's averaged networks in the format that is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from saddle.error import ArgumentError
from saddle.export import onnx_model
from saddle.export.file import ExportedFile, FileFormat, write_checked
from saddle.export.hub import write_hub
from saddle.export.network import networks_of
from saddle.export.place import check_place, complete_folder
from saddle.export.program import Pixels
from saddle.export.web import check_page, write_page
from saddle.run.isolated import isolated
from saddle.run.opened import OpenedRun
from saddle.run.sample import check_truncation

Format = Literal["safetensors", "torch", "onnx", "web", "hub"]


@dataclass(frozen=True)
class Request:
    """What is to be exported; the fields are the arguments of `FinishedRun.export`."""

    out: Path
    format: Format
    pixels: Pixels
    truncation: float | None
    runtime: Path | None
    runtime_version: str | None


@isolated()
def export(run: OpenedRun, request: Request) -> list[ExportedFile]:
    """Write the networks of a run to a new folder, as `FinishedRun.export` says."""
    _check(run, request)
    with complete_folder(request.out) as folder:
        made = _write(run, request, folder)
    return [file._replace(file=request.out / file.file.name) for file in made]


def _write(run: OpenedRun, request: Request, folder: Path) -> list[ExportedFile]:
    if request.format == "web":
        return write_page(run, folder, request.truncation, request.runtime, request.runtime_version)
    if request.format == "hub":
        return write_hub(run, folder, request.truncation)
    form: FileFormat = request.format
    return [
        write_checked(run, network, folder, form, request.pixels, request.truncation) for network in networks_of(run)
    ]


def _check(run: OpenedRun, request: Request) -> None:
    """Raise InputError for a request that cannot be, before anything is written."""
    if request.format not in get_args(Format):
        raise ArgumentError("format", request.format, f"use {', '.join(get_args(Format))}")
    if request.pixels not in get_args(Pixels):
        raise ArgumentError("pixels", request.pixels, f"use {' or '.join(get_args(Pixels))}")
    if request.pixels != "uint8" and request.format not in ("torch", "onnx"):
        raise ArgumentError("pixels", request.pixels, "only the formats torch and onnx have a choice: leave it out")
    check_place(request.out)
    check_truncation(run, request.truncation)
    if request.format in ("onnx", "web", "hub"):
        onnx_model.check_packages(request.format)
    if request.format == "web":
        check_page(run, request.runtime, request.runtime_version)
    elif request.runtime is not None or request.runtime_version is not None:
        name = "runtime" if request.runtime is not None else "runtime_version"
        raise ArgumentError(name, getattr(request, name), "only --format web has a runtime: leave it out")
