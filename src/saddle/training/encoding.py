"""Images of a data set in its own order, and the codes that an encoder gives to images."""

from functools import partial
from typing import NamedTuple

from torch import Tensor

from saddle.architecture.base import Encoder
from saddle.data.module import ImageData
from saddle.game.encoding import posterior
from saddle.training.sampling import through


class Codes(NamedTuple):
    """What an encoder makes of N images."""

    codes: Tensor
    """float32 (N, latent_dim); of a gaussian encoder the means."""
    log_variance: Tensor | None
    """float32 (N, latent_dim) of a gaussian encoder, else None."""


class Images(NamedTuple):
    """Images of a data set in its own order."""

    images: Tensor
    """uint8 (N, C, H, W)."""
    labels: Tensor | None
    """int64 (N,), or None where the data has none."""
    description: str
    """Whether these are held-out images or training images, in words."""


def codes_of(encoder: Encoder, images: Tensor) -> Codes:
    """What an encoder in evaluation mode makes of images (N, C, H, W), uint8 or float in [-1, 1]."""
    if not encoder.gaussian:
        return Codes(through(encoder, images), None)
    mean, log_variance = posterior(partial(through, encoder), images)
    return Codes(mean, log_variance)


def images_of(data: ImageData, training: bool = False, num: int | None = None) -> Images:
    """At most `num` images in the data set's own order: held-out ones, if it has them and `training` is false."""
    test = None if training else data.load_test()
    images, labels = data.training() if test is None else test
    images = images[:num]
    labels = None if labels is None else labels[:num]
    if test is not None:
        return Images(data.finished(images), labels, "held-out images")
    description = "training images" if training else "training images (this data set holds out no others)"
    return Images(images, labels, description)
