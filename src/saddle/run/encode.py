"""Codes of images by a run's encoder."""

from typing import NamedTuple

from torch import Tensor

from saddle.error import ArgumentError, InputError
from saddle.run.argument import Images, checked_images
from saddle.run.isolated import isolated
from saddle.run.opened import OpenedRun
from saddle.training.encoding import codes_of, images_of


class Encoded(NamedTuple):
    """What an encoder makes of N images."""

    codes: Tensor
    """float32 (N, latent_dim); of a gaussian encoder the means."""
    log_variance: Tensor | None
    """float32 (N, latent_dim) of a gaussian encoder, else None."""
    labels: Tensor | None
    """int64 (N,), of the run's own data; None where it has none, and for other images."""
    description: str
    """What the images are, in words: "held-out images", for example."""


@isolated()
def encode(run: OpenedRun, images: Images | None, training: bool, num: int | None) -> Encoded:
    """The codes of `images`, or of the run's data, as `FinishedRun.encode` says."""
    encoder = run.encoder
    if images is not None:
        if training or num is not None:
            raise InputError("images: training and num choose among the run's own images: leave them out, or images")
        return Encoded(*codes_of(encoder, checked_images(run, images, "images")), None, "given images")
    if num is not None and num < 1:
        raise ArgumentError("num", num, "use at least 1")
    chosen = images_of(run.image_data, training, num)
    return Encoded(*codes_of(encoder, chosen.images), chosen.labels, chosen.description)
