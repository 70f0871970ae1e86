"""Whether an exported file is still what a run makes."""

from pathlib import Path
from typing import Any, cast

from saddle.error import InputError
from saddle.export import onnx_model, torch_program, weights
from saddle.export.description import digest_of, parsed
from saddle.export.example import batches_for
from saddle.export.file import ENDINGS, ExportedFile, FileFormat, compared
from saddle.export.network import exported
from saddle.export.program import Pixels
from saddle.run.isolated import isolated
from saddle.run.opened import OpenedRun

_READERS = {"safetensors": weights, "torch": torch_program, "onnx": onnx_model}


@isolated()
def verify(run: OpenedRun, path: Path) -> list[ExportedFile]:
    """Compare a file, or all files in the folder of an export, with the run that it was made of.

    Raises InputError if there is no export, it is damaged, or it is of another checkpoint or makes something else.
    """
    if not path.exists():
        raise InputError(f"--check {path}: there is no such file or folder")
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.suffix in ENDINGS.values())
    if not files:
        raise InputError(f"--check {path}: this folder holds no export: name its file or folder")
    return [_verified(run, file) for file in files]


def _verified(run: OpenedRun, file: Path) -> ExportedFile:
    form = _form_of(file)
    description = _description_in(file, form)
    _check_checkpoint(run, description, file)
    name = description["network"]
    network = exported(name, run.network(name))
    pixels: Pixels = description["pixels"] or "uint8"
    return compared(file, name, description["outputs"], form, pixels, batches_for(run, network, pixels))


def _form_of(file: Path) -> FileFormat:
    for form, ending in ENDINGS.items():
        if file.suffix == ending:
            return cast(FileFormat, form)
    raise InputError(f"--check {file}: expected a file that ends in {', '.join(ENDINGS.values())}")


def _description_in(file: Path, form: FileFormat) -> dict[str, Any]:
    if form == "onnx":
        onnx_model.check_packages(form)
    return parsed(_READERS[form].read_description(file), file)


def _check_checkpoint(run: OpenedRun, description: dict[str, Any], file: Path) -> None:
    made_of, digest = description["checkpoint"], digest_of(run.checkpoint)
    if made_of["sha256"] != digest:
        raise InputError(
            f"--check {file}: it was made of the checkpoint of iteration {made_of['iteration']} with the SHA-256 "
            f"{made_of['sha256'][:12]}, and {run.checkpoint} is that of iteration {run.iteration} with {digest[:12]}: "
            "name the checkpoint that it was made of"
        )
