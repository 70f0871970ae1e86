"""A network as a program of torch.export, which runs without saddle."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from saddle.error import InputError, first_line
from saddle.export.description import KEY, as_text

ENDING = ".pt2"

_LARGEST = 2**16
"""The largest batch; torch.export names one."""

_SCRIPT = """
import sys, torch
program, inputs, outputs, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
module = torch.export.load(program).module()
made = []
with torch.no_grad():
    for batch in torch.load(inputs):
        output = module(*batch)
        made.append(output if isinstance(output, tuple) else (output,))
torch.save(made, outputs)
assert "saddle" not in sys.modules
"""
"""What another process runs, which does not load saddle."""


def captured(program: nn.Module, inputs: tuple[Tensor, ...], name: str) -> ExportedProgram:
    """The graph of a program for any number of rows; raises InputError, naming the network, if there is none."""
    rows = Dim("N", min=1, max=_LARGEST)
    try:
        return torch.export.export(program, inputs, dynamic_shapes=tuple({0: rows} for _ in inputs))
    except Exception as error:  # torch.export raises many kinds of errors on code that it cannot follow
        raise InputError(
            f"architecture.{name}: torch.export cannot follow this network ({first_line(error)}): use --format "
            "safetensors"
        ) from error


def write_program(graph: ExportedProgram, description: dict[str, Any], file: Path) -> None:
    """Write a graph, beside the description."""
    torch.export.save(graph, file, extra_files={KEY: as_text(description)})


def read_description(file: Path) -> str | None:
    """The description in a program as JSON; None if there is none. Raises InputError if the file is damaged.

    No code in the file is run.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(f"/extra/{KEY}")]
            return archive.read(names[0]).decode() if names else None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{file}: the program cannot be read ({first_line(error)}); export it again") from error


def run_program(file: Path, batches: list[tuple[Tensor, ...]]) -> list[tuple[Tensor, ...]]:
    """The outputs of a program in another process, without saddle, batch by batch."""
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder, "inputs"), Path(folder, "outputs")
        torch.save(batches, inputs)
        threads = str(torch.get_num_threads())
        command = [sys.executable, "-I", "-c", _SCRIPT, str(file), str(inputs), str(outputs), threads]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise InputError(f"{file}: torch cannot run this program ({result.stderr.strip().splitlines()[-1]})")
        made: list[tuple[Tensor, ...]] = torch.load(outputs)
    return made
