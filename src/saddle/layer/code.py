"""InfoGAN's codes: what the last numbers of a latent mean (Chen et al. 2016, sections 4 and 7, arXiv 1606.03657).

A latent (N, latent_dim) is standard normal. Its last `categories + continuous` numbers determine a code: a one-hot
vector, uniform over `categories`, then `continuous` numbers, uniform in [-1, 1]. So code that draws, stores or
interpolates latents need not know about codes.
"""

import math

import torch
from torch import Tensor

from saddle.tracing import is_traced

_FURTHEST = 9.0  # standard deviations: erf is 1 there even in float64, so -1 and 1 have a finite latent


def code_of(latent_dim: int, categories: int, continuous: int) -> tuple[int, int]:
    """Return `categories` and `continuous`; raise ValueError unless the latent is longer than this code."""
    if categories == 1:
        raise ValueError("categories=1 is a code that says nothing: use 0, or at least 2")
    if latent_dim <= categories + continuous:
        raise ValueError(
            f"latent_dim={latent_dim} holds no noise beside categories={categories} and continuous={continuous}: "
            f"use at least {categories + continuous + 1}"
        )
    return categories, continuous


def category_of(latent: Tensor, categories: int, continuous: int) -> Tensor:
    """The category (N,) int64 of a latent: the index of the largest of its `categories` numbers."""
    return latent[:, _categorical(latent, categories, continuous)].argmax(1)


def values_of(latent: Tensor, continuous: int) -> Tensor:
    """The continuous code (N, continuous) in [-1, 1] of a latent: 2 * Phi(x) - 1 of its last numbers x."""
    return torch.erf(latent[:, latent.shape[1] - continuous :] / math.sqrt(2))


def coded(latent: Tensor, categories: int, continuous: int) -> Tensor:
    """The latent with its last numbers replaced by their code: (N, latent_dim) to (N, latent_dim)."""
    if categories + continuous == 0:
        return latent
    noise = latent[:, : _categorical(latent, categories, continuous).start]
    if categories == 0:
        return torch.cat([noise, latent[:, :0], values_of(latent, continuous)], 1)
    indices = torch.arange(categories, device=latent.device)  # torch's one_hot reads values, which a graph cannot do
    one_hot = category_of(latent, categories, continuous)[:, None] == indices
    return torch.cat([noise, one_hot.to(latent), values_of(latent, continuous)], 1)


def with_category(latent: Tensor, category: Tensor, categories: int, continuous: int) -> Tensor:
    """`latent` (N, latent_dim) changed so that its category is `category` (N,) int64; all other numbers stay.

    The number at that index becomes the largest of the `categories` numbers plus one.
    """
    changed = latent.clone()
    numbers = changed[:, _categorical(latent, categories, continuous)]
    numbers.scatter_(1, category[:, None], numbers.amax(1, keepdim=True) + 1)
    return changed


def with_values(latent: Tensor, values: Tensor) -> Tensor:
    """`latent` (N, latent_dim) changed so that its continuous code is `values` (N, continuous); all other numbers stay.

    Raises ValueError for a value outside [-1, 1].
    """
    if not is_traced() and (values.abs() > 1).any():
        raise ValueError("a continuous code has values in [-1, 1] only")
    normals = (torch.erfinv(values) * math.sqrt(2)).clamp(-_FURTHEST, _FURTHEST)  # ndtri((values + 1) / 2)
    return torch.cat([latent[:, : latent.shape[1] - values.shape[1]], normals.to(latent)], 1)


def _categorical(latent: Tensor, categories: int, continuous: int) -> slice:
    """The columns of a latent that determine its category."""
    stop = latent.shape[1] - continuous
    return slice(stop - categories, stop)
