"""The weights of a network as a safetensors file, which loads back to the same bits."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from saddle.error import InputError, first_line
from saddle.export.description import KEY, as_text, parsed
from saddle.export.network import ExportedNetwork, exported, plain
from saddle.export.program import Pixels, program_of
from saddle.run.record import build_recorded

ENDING = ".safetensors"


def write_weights(network: ExportedNetwork, description: dict[str, Any], file: Path) -> None:
    """Write the tensors of a network by their names in it, beside the description."""
    tensors = {name: values.contiguous() for name, values in network.module.state_dict().items()}
    save_file(tensors, file, {KEY: as_text(description)})


def read_description(file: Path) -> str | None:
    """The description in a file of weights as JSON; None if there is none.

    Raises InputError if the file is damaged.
    """
    try:
        with safe_open(file, framework="pt") as content:
            metadata: dict[str, str] = content.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{file}: the weights cannot be read ({first_line(error)}); export them again") from error
    return metadata.get(KEY)


def read_network(file: Path | str) -> nn.Module:
    """The network in a file of weights, on the CPU, in evaluation mode, with the same bits.

    Raises InputError if the file is no such export, is damaged, or names a class that is not trusted.
    """
    file = Path(file)
    description = parsed(read_description(file), file)
    path = f"architecture.{description['network']}"
    network = build_recorded(path, description["record"]["architecture"][description["network"]], nn.Module)
    copied = plain(network)
    try:
        copied.load_state_dict(load_file(file))
    except RuntimeError as error:
        raise InputError(f"{file}: the weights are of another network ({first_line(error)})") from error
    return copied


@torch.no_grad()
def run_weights(file: Path, batches: list[tuple[Tensor, ...]], pixels: Pixels) -> list[tuple[Tensor, ...]]:
    """The outputs of the network that is built anew from a file, batch by batch."""
    network = exported(file.stem, read_network(file))
    program = program_of(network, pixels)
    outputs: list[tuple[Tensor, ...]] = []
    for batch in batches:
        output = program(*batch)
        outputs.append(output if isinstance(output, tuple) else (output,))
    return outputs
