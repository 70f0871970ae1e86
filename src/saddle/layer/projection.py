"""The head of a discriminator that is told the label."""

from collections.abc import Callable

from torch import Tensor, nn

from saddle.bound import Normalization
from saddle.layer.labeled import Labeled
from saddle.layer.normalization import weighted


class ProjectionHead(Labeled):
    """Features (N, D) to logits (N, 1): a linear function plus the inner product with the label's vector.

    Miyato & Koyama 2018, section 3 and figure 1 (d) (arXiv 1802.05637). Both are spectrally normalized if asked.
    `initialize` sets the initial weights of both; by default torch's own for the linear part, Xavier's for the vectors.
    `bias` is that of the linear part.
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
        linear, vectors = nn.Linear(features, 1, bias=bias), nn.Embedding(classes, features)
        nn.init.xavier_uniform_(vectors.weight)
        if initialize is not None:
            initialize(linear)
            initialize(vectors)
        self.linear, self.vectors = weighted(linear, normalization), weighted(vectors, normalization)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        return self.linear(features) + (self.vectors(labels) * features).sum(1, keepdim=True)
