"""Skip-layer excitation: a small feature map weighs the channels of a large one."""

from torch import Tensor, nn

from saddle.bound import Count
from saddle.layer.initialization import LEAKY_RELU_GAIN, scaled
from saddle.layer.resampling import PooledTo

_POOLED = 4


class SkipLayerExcitation(nn.Module):
    """Feature maps `high` (N, C, H, W) times a number in (0, 1) per channel, made of `low` (N, D, h, w); same shape.

    Liu et al. 2021, section 3.1, equation 1 and figure 3 (arXiv 2101.04775): `low` is averaged down to 4x4, and a 4x4
    convolution, leaky ReLU, a 1x1 convolution and a sigmoid make the numbers. h and w are at least 4.
    """

    def __init__(self, low: Count, high: Count) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            PooledTo(_POOLED),
            scaled(nn.Conv2d(low, high, kernel_size=_POOLED)),
            nn.LeakyReLU(0.1),
            scaled(nn.Conv2d(high, high, kernel_size=1), LEAKY_RELU_GAIN),
            nn.Sigmoid(),
        )

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        return high * self.layers(low)
