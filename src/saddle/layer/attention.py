"""Self-attention: each place of a feature map takes from every other."""

import torch
from torch import Tensor, nn

from saddle.bound import Count, Normalization
from saddle.layer.normalization import weighted


class SelfAttention(nn.Module):
    """Features (N, C, H, W) plus `gamma` times what each place takes from all others, same shape.

    Zhang et al. 2019, section 3, equations 1 to 3 (arXiv 1805.08318): queries, keys and values have C/8 channels (at
    least one), the products of queries and keys are not scaled, and gamma begins at 0, so that the network begins as
    it would without. The four 1x1 convolutions have no bias, begin with Xavier's weights and are spectrally normalized
    if asked. The paper's code, unlike the paper, halves keys and values by max pooling and gives values C/2 channels;
    this follows the paper. Memory grows with (H W)^2.
    """

    def __init__(self, features: Count, normalization: Normalization) -> None:
        super().__init__()
        inner = max(features // 8, 1)

        def made(inputs: int, outputs: int) -> nn.Module:
            layer = nn.Conv2d(inputs, outputs, kernel_size=1, bias=False)
            nn.init.xavier_uniform_(layer.weight)
            return weighted(layer, normalization)

        self.key, self.query, self.value = (made(features, inner) for _ in range(3))
        self.out = made(inner, features)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        keys, queries, values = (layer(features).flatten(2) for layer in (self.key, self.query, self.value))
        # torch's fused attention has no second derivative on a CPU, and penalties on input gradients need one
        shares = torch.softmax(queries.transpose(1, 2) @ keys, dim=2)  # (N, H W, H W); row j: what place j takes
        taken = (values @ shares.transpose(1, 2)).unflatten(2, features.shape[2:])
        return features + self.gamma * self.out(taken)
