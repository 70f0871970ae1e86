"""Images, and what a run's encoder and generator make of them."""

from typing import NamedTuple

import torch
from torch import Tensor

from saddle.data.loader import as_floats
from saddle.error import InputError
from saddle.game.encoding import squared_error
from saddle.run.argument import Images, Labels, check_num, checked_images, labels_of
from saddle.run.isolated import isolated
from saddle.run.opened import OpenedRun
from saddle.training.encoding import codes_of
from saddle.training.sampling import as_bytes, through

_NUM = 40


class Reconstructions(NamedTuple):
    """N images and their reconstructions."""

    images: Tensor
    """uint8 (N, C, H, W)."""
    reconstructions: Tensor
    """uint8 (N, C, H, W)."""
    error: float
    """The mean squared error per pixel, before reconstructions are rounded to bytes; black against white is 1."""


@isolated()
def reconstruct(run: OpenedRun, images: Images | None, labels: Labels | None, num: int | None) -> Reconstructions:
    """`images`, or held-out ones, and their reconstructions, as `FinishedRun.reconstruct` says."""
    encoder = run.encoder
    if images is None:
        if labels is not None:
            raise InputError("labels: the run's own images have labels of their own: leave labels out, or give images")
        shown, classes = _held_out(run, _NUM if num is None else num)
    else:
        if num is not None:
            raise InputError("num: it is the number of the run's own images: leave it out, or images")
        shown, classes = _given(run, images, labels)
    inputs = [codes_of(encoder, shown).codes]
    if run.classes and classes is not None:
        inputs.append(classes)
    made = through(run.generator, *inputs)
    error = float(squared_error(shown, made).mean())
    return Reconstructions(as_bytes(shown), as_bytes(made), error)


def _held_out(run: OpenedRun, num: int) -> tuple[Tensor, Tensor | None]:
    """Images of the run's data in [-1, 1], and their labels."""
    check_num(run, num)
    batch = run.image_data.held_out(num)
    return batch["image"], batch.get("label")


def _given(run: OpenedRun, images: Images, labels: Labels | None) -> tuple[Tensor, Tensor | None]:
    """The given images in [-1, 1], and their labels."""
    values = checked_images(run, images, "images")
    if run.classes and labels is None:
        raise InputError(f"labels: the generator of {run.checkpoint} is told each image's class: give them, too")
    shown = as_floats(values) if values.dtype == torch.uint8 else values
    return shown, labels_of(run, len(values), labels)
