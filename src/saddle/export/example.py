"""Inputs on which an export is compared with its run, and what saddle itself makes of them."""

from typing import NamedTuple

import torch
from torch import Tensor

from saddle.export.network import ExportedNetwork
from saddle.export.program import Pixels, read, written
from saddle.run.argument import image_shape
from saddle.run.opened import OpenedRun
from saddle.training.noise import fixed_noise
from saddle.training.sampling import all_labels, as_bytes, through

ROWS = 64
"""The number of rows of a batch."""


class Batch(NamedTuple):
    """A batch of inputs of a network, and its outputs by saddle."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def batches_for(run: OpenedRun, network: ExportedNetwork, pixels: Pixels) -> list[Batch]:
    """At least 64 rows, and as many batches of 64 as show all classes.

    The latents are those of `saddle sample` with seed 0. Images are noise, for they need not be of the run's data.
    """
    rows = -(-max(ROWS, network.classes) // ROWS) * ROWS
    inputs = _latents(network, rows) if network.kind == "generator" else (_images(run, rows, pixels),)
    batches = zip(*(values.split(ROWS) for values in inputs), strict=True)
    return [Batch(batch, _outputs(run, network, batch, pixels)) for batch in batches]


def _latents(network: ExportedNetwork, rows: int) -> tuple[Tensor, ...]:
    latent = fixed_noise(0, "samples", (rows, network.latent_dim))
    labels = all_labels(network.module, rows)
    return (latent,) if labels is None else (latent, labels)


def _images(run: OpenedRun, rows: int, pixels: Pixels) -> Tensor:
    noise = fixed_noise(0, "images", (rows, *image_shape(run)))
    images = written(torch.tanh(noise), "uint8")
    return images if pixels == "uint8" else read(images, "uint8")


def _outputs(
    run: OpenedRun, network: ExportedNetwork, inputs: tuple[Tensor, ...], pixels: Pixels
) -> tuple[Tensor, ...]:
    """The outputs of the run's own network, by the functions of `saddle sample` and `saddle encode`."""
    first, *others = inputs
    if network.kind != "generator":
        first = first.permute(0, 3, 1, 2) if pixels == "uint8" else first
    outputs = through(run.network(network.name), first, *others)
    if network.kind == "encoder":
        return outputs.chunk(2, dim=1) if network.is_gaussian else (outputs,)
    if run.makes_points:
        return (outputs,)
    return (as_bytes(outputs).permute(0, 2, 3, 1),) if pixels == "uint8" else (outputs,)
