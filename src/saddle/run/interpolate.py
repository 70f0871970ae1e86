"""The images on the way from one latent to another, or from one image to another."""

from typing import NamedTuple

import torch
from torch import Tensor

from saddle.error import ArgumentError, InputError
from saddle.run.argument import check_num, labels_of
from saddle.run.isolated import isolated
from saddle.run.opened import OpenedRun
from saddle.seed import fixed_order
from saddle.training.encoding import codes_of, images_of
from saddle.training.interpolation import between
from saddle.training.noise import fixed_noise
from saddle.training.sampling import as_bytes, through


class _Ends(NamedTuple):
    """Where each row begins and ends."""

    latents: Tensor
    """float32 (rows, 2, latent_dim)."""
    labels: Tensor | None
    """int64 (rows,); None where the generator or the data has none."""
    images: Tensor | None
    """uint8 (rows, 2, C, H, W), the images that the latents encode; None for latents that are noise."""


@isolated()
def interpolate(run: OpenedRun, rows: int, steps: int, seed: int, images: bool) -> Tensor:
    """Rows of images, uint8 (rows, columns, C, H, W), as `FinishedRun.interpolate` says."""
    _check(run, rows, steps)
    ends = _image_ends(run, rows, seed) if images else _latent_ends(run, rows, seed)
    inputs = [_way(run, ends.latents, steps)]
    if run.classes and ends.labels is not None:
        inputs.append(ends.labels.repeat_interleave(steps))
    made = as_bytes(through(run.generator, *inputs)).unflatten(0, (rows, steps))
    if ends.images is None:
        return made
    return torch.cat([ends.images[:, :1], made, ends.images[:, 1:]], 1)


def _check(run: OpenedRun, rows: int, steps: int) -> None:
    """Raise InputError unless the run's generator makes images of a latent, and so many fit into memory."""
    if run.makes_points:
        raise InputError(f"{run.checkpoint} makes points, and a way between points shows nothing: take a run on images")
    if run.reads != "latent":
        raise InputError(f"{run.checkpoint} translates images: there is no latent to go through")
    if steps < 2:
        raise ArgumentError("steps", steps, "a way has two ends: use at least 2")
    check_num(run, rows, "rows", each=steps)


def _latent_ends(run: OpenedRun, rows: int, seed: int) -> _Ends:
    """The latents of the samples of the same seed."""
    latents = fixed_noise(seed, "samples", (2 * rows, run.generator.latent_dim))
    return _Ends(latents.unflatten(0, (-1, 2)), labels_of(run, rows, None), None)


def _image_ends(run: OpenedRun, rows: int, seed: int) -> _Ends:
    """Images that the seed chooses, their codes, and the labels of the left ones; more rows begin with the same."""
    encoder = run.encoder
    images, labels, description = images_of(run.image_data)
    num = 2 * rows
    if num > len(images):
        raise ArgumentError("rows", rows, f"this needs {num} images, and there are {len(images)} {description}")
    chosen = fixed_order(len(images), f"pairs {seed}")[:num]
    codes = codes_of(encoder, images[chosen]).codes
    left = None if labels is None else labels[chosen[::2]]
    return _Ends(codes.unflatten(0, (-1, 2)), left, images[chosen].unflatten(0, (-1, 2)))


def _way(run: OpenedRun, ends: Tensor, steps: int) -> Tensor:
    """Latents (rows * steps, latent_dim), row by row, between the `ends` (rows, 2, latent_dim)."""
    fixed = run.generator.categories + run.generator.continuous
    return between(ends[:, 0], ends[:, 1], steps, fixed).flatten(0, 1)
