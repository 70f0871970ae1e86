"""The head of a discriminator that takes labels."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import linear

from saddle.bound import Normalization
from saddle.layer.labeled import Labeled
from saddle.layer.normalization import weighted


class ProjectionHead(Labeled):
    """Features (N, D) to logits (N, 1): a linear function plus the inner product with the label's vector.

    Miyato & Koyama 2018, section 3 and figure 1 (d) (arXiv 1802.05637). If `normalization` is "spectral", both weights
    are spectrally normalized. `initialize` sets both initial weights; without it the linear part has torch's own and
    the vectors have Xavier weights. `bias` says whether the linear part has a bias.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        normalization: Normalization,
        initialize: Callable[[nn.Module], None] | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        single = nn.Linear(features, 1, bias=bias)
        vectors = nn.Embedding(classes, features)
        nn.init.xavier_uniform_(vectors.weight)
        if initialize is not None:
            initialize(single)
            initialize(vectors)
        self.linear = weighted(single, normalization)
        self.vectors = weighted(vectors, normalization)

    @property
    def label_vectors(self) -> Tensor:
        """The vectors of the labels, (classes, D)."""
        vectors = self.vectors.weight
        assert isinstance(vectors, Tensor)
        return vectors

    def logits_of_all_labels(self, features: Tensor) -> Tensor:
        """The logits (N, classes) of features (N, D) under each label."""
        return self.linear(features) + linear(features, self.label_vectors)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        inner_product = (self.vectors(labels) * features).sum(1, keepdim=True)
        return self.linear(features) + inner_product
