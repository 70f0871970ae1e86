"""Batch norm whose gain and bias depend on the label."""

from torch import Tensor, nn

from saddle.layer.labeled import Labeled, spread


class ConditionalBatchNorm(Labeled):
    """Batch norm of features (N, D) or (N, D, H, W), followed by a gain and a bias per class and feature.

    `dimensions` is 1 for (N, D) and 2 for (N, D, H, W). Gains begin at 1, biases at 0. Dumoulin et al. 2017, section
    2.2 (arXiv 1610.07629), introduce it with instance norm; Miyato & Koyama 2018 (arXiv 1802.05637) use batch norm.
    """

    def __init__(self, features: int, classes: int, dimensions: int) -> None:
        super().__init__()
        kind = nn.BatchNorm1d if dimensions == 1 else nn.BatchNorm2d
        self.norm = kind(features, affine=False)
        self.gain = nn.Embedding(classes, features)
        self.bias = nn.Embedding(classes, features)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        gain = spread(self.gain(labels), features)
        bias = spread(self.bias(labels), features)
        return self.norm(features) * gain + bias
