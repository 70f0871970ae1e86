"""Exports a run's averaged networks, and shows that other programs make of them what saddle makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from torch import Tensor

from saddle.error import InputError
from saddle.export import onnx_model, torch_program, weights
from saddle.export.description import as_text, described
from saddle.export.difference import Difference, difference_between
from saddle.export.example import Batch, batches_for
from saddle.export.network import ExportedNetwork
from saddle.export.program import Pixels, program_of
from saddle.run.opened import OpenedRun

FileFormat = Literal["safetensors", "torch", "onnx"]

ENDINGS = {"safetensors": weights.ENDING, "torch": torch_program.ENDING, "onnx": onnx_model.ENDING}

ENGINES = {"safetensors": "saddle", "torch": "torch without saddle", "onnx": "onnxruntime"}
"""What runs a file of each format in its check."""


class ExportedFile(NamedTuple):
    """A file with one of a run's networks, which has been checked."""

    file: Path
    network: str
    """The network's name in the run's settings."""
    difference: Difference
    """The greatest difference between what the file makes and what saddle makes."""
    rows: int
    """The number of inputs that were compared."""
    engine: str
    """What ran the file."""


def write_checked(
    run: OpenedRun, network: ExportedNetwork, folder: Path, form: FileFormat, pixels: Pixels, truncation: float | None
) -> ExportedFile:
    """Write a network to `folder`, with its description beside it, and compare it with the run.

    Raises InputError if it is not the same network.
    """
    file = folder / (network.name + ENDINGS[form])
    batches = batches_for(run, network, pixels)
    description = described(run, network, None if form == "safetensors" else pixels, truncation)
    _write(network, description, file, form, pixels, batches[0].inputs)
    file.with_suffix(".json").write_text(as_text(description) + "\n", encoding="utf-8")
    return compared(file, network.name, description["outputs"], form, pixels, batches)


def _write(
    network: ExportedNetwork,
    description: dict[str, Any],
    file: Path,
    form: FileFormat,
    pixels: Pixels,
    inputs: tuple[Tensor, ...],
) -> None:
    if form == "safetensors":
        weights.write_weights(network, description, file)
        return
    graph = torch_program.captured(program_of(network, pixels), inputs, network.name)
    write = torch_program.write_program if form == "torch" else onnx_model.write_model
    write(graph, description, file)


def compared(
    file: Path, network: str, outputs: list[str], form: FileFormat, pixels: Pixels, batches: list[Batch]
) -> ExportedFile:
    """Run a file by its engine on `batches`; raises InputError if it makes something else than saddle."""
    inputs = [batch.inputs for batch in batches]
    made = _engine(form, pixels)(file, inputs)
    expected = [batch.outputs for batch in batches]
    difference = difference_between(made, expected, outputs, exact=form != "onnx")
    if not difference.value <= difference.limit:
        raise InputError(
            f"{file.name}: {ENGINES[form]} makes something else of it than saddle, {difference} apart: it is not the "
            "same network"
        )
    return ExportedFile(file, network, difference, sum(len(batch[0]) for batch in inputs), ENGINES[form])


def _engine(form: FileFormat, pixels: Pixels) -> Callable[[Path, list[tuple[Tensor, ...]]], list[tuple[Tensor, ...]]]:
    if form == "onnx":
        return onnx_model.run_model
    if form == "torch":
        return torch_program.run_program
    return lambda file, inputs: weights.run_weights(file, inputs, pixels)
