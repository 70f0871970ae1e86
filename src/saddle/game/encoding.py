"""Encoders in games: from images to codes, and back by the generator."""

from collections.abc import Callable

import torch
from torch import Tensor

from saddle.architecture.base import Encoder
from saddle.game.networks import encoder_of, generator_of, with_labels
from saddle.game.turn import Batch, Moment, Networks


def precise(values: Tensor) -> Tensor:
    """`values` in at least float32: mixed precision has less, which is too little for sums over many pixels."""
    return values if values.element_size() >= 4 else values.float()


def posterior(encoder: Callable[[Tensor], Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log variance, (N, latent_dim) each, of the Gaussian q(z|x) of a `gaussian` encoder."""
    mean, log_variance = precise(encoder(images)).chunk(2, dim=1)
    return mean, log_variance


def drawn(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Codes (N, latent_dim) of that Gaussian, from standard normal noise, with gradients to both (Kingma & Welling
    2014, section 2.4, arXiv 1312.6114).
    """
    return mean + torch.exp(log_variance / 2) * noise


def posterior_draw(mean: Tensor, log_variance: Tensor, moment: Moment) -> Tensor:
    """The codes (N, latent_dim) that are drawn of that Gaussian at `moment`, the same in all turns."""
    return drawn(mean, log_variance, moment.noise("posterior", tuple(mean.shape)))


def kl_from_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats, (N,) (Kingma & Welling 2014, appendix B)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


def code(encoder: Encoder, images: Tensor) -> Tensor:
    """The code (N, latent_dim) of each image; with a `gaussian` encoder it is the mean."""
    return posterior(encoder, images)[0] if encoder.gaussian else encoder(images)


def sampled_code(encoder: Encoder, images: Tensor, moment: Moment) -> Tensor:
    """A code (N, latent_dim) for each image, with gradients; with a `gaussian` encoder a draw, equal in all turns."""
    if not encoder.gaussian:
        return encoder(images)
    return posterior_draw(*posterior(encoder, images), moment)


def distance_between(codes: Tensor, others: Tensor) -> Tensor:
    """The energy distance between the distributions of two samples (N, D), per-sample values (N,); their mean is the
    distance, without bias.

    It is 2 E|x - y| - E|x - x'| - E|y - y'|, and 0 only for equal distributions (Szekely & Rizzo 2013, "Energy
    statistics", section 3). The mean over samples may be negative.
    """
    codes, others = precise(codes), precise(others)
    neighbors = max(len(codes) - 1, 1)
    within = (_distances(codes, codes).sum(1) + _distances(others, others).sum(1)) / neighbors
    return 2 * _distances(codes, others).mean(1) - within


def squared_error(images: Tensor, others: Tensor) -> Tensor:
    """The mean squared error per pixel, (N,), of images (N, C, H, W) in [-1, 1]; black against white is 1."""
    return (precise(images) - precise(others)).square().flatten(1).mean(1) / 4


def reconstructed(networks: Networks, batch: Batch) -> Tensor:
    """The images (N, C, H, W) that the generator makes of the batch's codes."""
    return with_labels(generator_of(networks), batch)(code(encoder_of(networks), batch["image"]))


def reconstructions(networks: Networks, batch: Batch) -> Tensor:
    """The first 40 images of a batch, each row above its reconstructions: (rows, columns, C, H, W)."""
    shown = {name: values[:40] for name, values in batch.items()}
    return beside(shown["image"], reconstructed(networks, shown))


def beside(images: Tensor, reconstructions: Tensor, columns: int = 10, rows: int = 4) -> Tensor:
    """Rows of images, each above the row of their reconstructions: at most (2 * rows, columns, C, H, W)."""
    columns = min(columns, len(images))
    rows = min(rows, len(images) // columns)
    pairs = [values[: rows * columns].unflatten(0, (rows, columns)) for values in (images, reconstructions)]
    return torch.stack(pairs, dim=1).flatten(0, 1)


def _distances(rows: Tensor, others: Tensor) -> Tensor:
    """Euclidean distances (N, M), exactly 0 between equal rows; the faster algorithm by products misses that."""
    return torch.cdist(rows, others, compute_mode="donot_use_mm_for_euclid_dist")
