"""The residual blocks of SNGAN, which double or halve the side of feature maps."""

from torch import Tensor, nn

from saddle.bound import Count, Normalization, SizeOrNone
from saddle.layer.initialization import RELU_GAIN, scaled
from saddle.layer.labeled import LabeledSequential
from saddle.layer.normalization import normalized, weighted
from saddle.layer.resampling import Halving, Sides, Upsampling


class UpBlock(nn.Module):
    """Feature maps (N, inputs, h, w) to (N, outputs, height, width), h and w being half of `sides`, rounded up.

    Batch norm, ReLU, nearest upsampling, a 3x3 convolution, batch norm, ReLU and a 3x3 convolution, plus a shortcut of
    a 1x1 convolution and upsampling (Miyato et al. 2018, figure 8 and table 4, arXiv 1802.05957). With `classes`, batch
    norm is conditional on the label (appendix B.3). Without `batch_norm` there is none. With it no convolution has a
    bias: batch norm, here or behind the last block, would subtract it. With `spectral_norm` all weights are spectrally
    normalized. The shortcut's convolution comes first: in this order it gives the same maps at a quarter of the cost.
    """

    def __init__(
        self,
        inputs: Count,
        outputs: Count,
        sides: Sides,
        classes: SizeOrNone = 0,
        batch_norm: bool = True,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        norm: Normalization = "batch" if batch_norm else "none"
        weights: Normalization = "spectral" if spectral_norm else "none"
        self.layers = LabeledSequential(
            *normalized(inputs, norm, dimensions=2, classes=classes),
            nn.ReLU(),
            Upsampling(sides, "nearest"),
            _convolution(inputs, outputs, weights, bias=not batch_norm),
            *normalized(outputs, norm, dimensions=2, classes=classes),
            nn.ReLU(),
            _convolution(outputs, outputs, weights, bias=not batch_norm),
        )
        beside = _shortcut(inputs, outputs, weights, bias=not batch_norm)
        self.shortcut = nn.Sequential(beside, Upsampling(sides, "nearest"))

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.shortcut(features) + self.layers(features, labels)


class DownBlock(nn.Module):
    """Feature maps (N, inputs, H, W) to (N, outputs, H, W) or, if it `halves`, to half the sides, rounded up.

    ReLU, a 3x3 convolution, ReLU, a 3x3 convolution and, if it halves, the mean of each 2x2 pixels, plus a shortcut of
    the mean and a 1x1 convolution (Miyato et al. 2018, figure 8 without batch norm). The shortcut is the identity where
    the shape stays. The `first` block of a network, which reads images, begins without a ReLU. The first convolution
    keeps the number of its inputs, but for the first block's, as in Gulrajani et al. 2017 (arXiv 1704.00028), which the
    paper follows.
    """

    def __init__(
        self, inputs: Count, outputs: Count, halves: bool, normalization: Normalization, first: bool = False
    ) -> None:
        super().__init__()
        inner = outputs if first else inputs
        halving = [Halving()] if halves else []
        self.layers = nn.Sequential(
            *([] if first else [nn.ReLU()]),
            _convolution(inputs, inner, normalization),
            nn.ReLU(),
            _convolution(inner, outputs, normalization),
            *halving,
        )
        changes = halves or inputs != outputs
        self.shortcut = nn.Sequential(*halving, *([_shortcut(inputs, outputs, normalization)] if changes else []))

    def forward(self, features: Tensor) -> Tensor:
        return self.shortcut(features) + self.layers(features)


def _convolution(inputs: int, outputs: int, normalization: Normalization, bias: bool = True) -> nn.Module:
    layer = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=bias)
    return weighted(scaled(layer, RELU_GAIN), normalization)


def _shortcut(inputs: int, outputs: int, normalization: Normalization, bias: bool = True) -> nn.Module:
    return weighted(scaled(nn.Conv2d(inputs, outputs, kernel_size=1, bias=bias)), normalization)
