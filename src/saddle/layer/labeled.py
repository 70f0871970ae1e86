"""Layers that take labels, a sequence that hands labels to them, and the embedding that joins a label to features."""

import torch
from torch import Tensor, nn


class Labeled(nn.Module):
    """A layer that is called with features (N, D, ...) and labels (N,) int64."""


class LabeledSequential(nn.Sequential):
    """Layers in sequence; those that take labels are given them.

    Raises ValueError if labels are missing where a layer takes them, or given where none does.
    """

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        conditional = any(isinstance(layer, Labeled) for layer in self)
        if conditional != (labels is not None):
            raise ValueError("a conditional network needs labels" if conditional else "this network takes no labels")
        for layer in self:
            features = layer(features, labels) if isinstance(layer, Labeled) else layer(features)
        return features


class LabelEmbedding(Labeled):
    """Joins a learned vector of `label_dim` numbers per label to the features: (N, D, ...) to (N, D + label_dim, ...).

    On images the vector is repeated at every pixel (Mirza & Osindero 2014, section 3.2, arXiv 1411.1784).
    """

    def __init__(self, classes: int, label_dim: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(classes, label_dim)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        vectors = spread(self.vectors(labels), features)
        return torch.cat([features, vectors.expand(-1, -1, *features.shape[2:])], 1)


def spread(vectors: Tensor, features: Tensor) -> Tensor:
    """(N, D) to (N, D, 1, ...), with as many dimensions as `features` and in their dtype."""
    return vectors.view(*vectors.shape, *[1] * (features.dim() - 2)).to(features.dtype)


def classes_of(conditional: bool, classes: int) -> int:
    """How many classes a network is told apart: 0 if it is not conditional.

    Raises ValueError for a conditional network without classes.
    """
    if conditional and classes == 0:
        raise ValueError("conditional=True needs labels, but classes=0")
    return classes if conditional else 0
