"""Self-attention: each position of a feature map reads all other positions."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from saddle.bound import Count, Normalization
from saddle.layer.normalization import weighted


def check_side(side: int, sides: Sequence[int]) -> None:
    """Raise ValueError unless `side` is 0, for no attention, or one of the shorter `sides` of feature maps."""
    if side not in (0, *sides):
        listed = ", ".join(map(str, dict.fromkeys(sides)))
        raise ValueError(f"attention={side}: the sides of the feature maps here are {listed}; use one of them, or 0")


class SelfAttention(nn.Module):
    """Features (N, C, H, W) plus `gamma` times the attention over all positions, same shape.

    Zhang et al. 2019, section 3, equations 1 to 3 (arXiv 1805.08318). Queries, keys and values have C/8 channels (at
    least one). The products of queries and keys are not scaled. `gamma` begins at 0, so the layer begins as the
    identity. The four 1x1 convolutions have no bias, begin with Xavier weights, and are spectrally normalized if
    `normalization` says so. The paper's code, unlike the paper, halves keys and values by max pooling and gives values
    C/2 channels; this follows the paper. Memory grows with (H W)^2.
    """

    def __init__(self, features: Count, normalization: Normalization) -> None:
        super().__init__()
        inner = max(features // 8, 1)
        self.key = _convolution(features, inner, normalization)
        self.query = _convolution(features, inner, normalization)
        self.value = _convolution(features, inner, normalization)
        self.out = _convolution(inner, features, normalization)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        keys = self.key(features).flatten(2)
        queries = self.query(features).flatten(2)
        values = self.value(features).flatten(2)
        # torch's fused attention has no second derivative on a CPU, and penalties on input gradients need one
        attention = torch.softmax(queries.transpose(1, 2) @ keys, dim=2)  # (N, H W, H W); row j: weights of position j
        attended = (values @ attention.transpose(1, 2)).unflatten(2, features.shape[2:])
        return features + self.gamma * self.out(attended)


def _convolution(inputs: int, outputs: int, normalization: Normalization) -> nn.Module:
    layer = nn.Conv2d(inputs, outputs, kernel_size=1, bias=False)
    nn.init.xavier_uniform_(layer.weight)
    return weighted(layer, normalization)
