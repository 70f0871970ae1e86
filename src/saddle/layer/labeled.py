"""Layers that take labels, a sequence that passes labels to them, and an embedding that joins labels to features."""

import torch
from torch import Tensor, nn


class Labeled(nn.Module):
    """A layer that is called with features (N, D, ...) and labels (N,) int64."""


class LabeledSequential(nn.Sequential):
    """Layers in sequence. Those that take labels are called with the labels.

    Raises ValueError if a layer takes labels and there are none, or if there are labels and no layer takes them.
    """

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        conditional = any(isinstance(layer, Labeled) for layer in self)
        if conditional != (labels is not None):
            raise ValueError(self._needs_labels() if conditional else "this network takes no labels")
        for layer in self:
            features = layer(features, labels) if isinstance(layer, Labeled) else layer(features)
        return features

    def _needs_labels(self) -> str:
        """What a call without labels lacks, in words."""
        numbers = [layer.num_embeddings for layer in self.modules() if isinstance(layer, nn.Embedding)]
        classes = f" from 0 to {numbers[0] - 1}" if numbers else ""
        return f"a conditional network needs labels: give classes{classes}, int64 (N,), as the second argument"


class LabelEmbedding(Labeled):
    """Appends a learned vector of `label_dim` numbers per label: features (N, D, ...) to (N, D + label_dim, ...).

    On images the vector is repeated at every pixel (Mirza & Osindero 2014, section 3.2, arXiv 1411.1784).
    """

    def __init__(self, classes: int, label_dim: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding(classes, label_dim)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        vectors = spread(self.vectors(labels), features)
        return torch.cat([features, vectors.expand(-1, -1, *features.shape[2:])], 1)


def spread(vectors: Tensor, features: Tensor) -> Tensor:
    """Vectors (N, D) as (N, D, 1, ...), with the number of dimensions and the dtype of `features`."""
    ones = [1] * (features.dim() - 2)
    return vectors.view(*vectors.shape, *ones).to(features.dtype)


def classes_of(conditional: bool, classes: int) -> int:
    """The number of classes that a network takes labels of: 0 if it is not conditional.

    Raises ValueError for a conditional network without classes.
    """
    if conditional and classes == 0:
        raise ValueError("conditional=True needs labels, but classes=0")
    return classes if conditional else 0
