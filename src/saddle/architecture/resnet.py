"""Networks that turn images into images, after CycleGAN (Zhu et al. 2017, arXiv 1703.10593)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import Depth, ImageSize, Size, Sizes, height_and_width
from saddle.layer.convolution import halved_sizes, initialize


def _convolution(
    inputs: int,
    outputs: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    bias: bool = False,
    mode: Literal["zeros", "reflect"] = "zeros",
) -> nn.Conv2d:
    """A convolution with initial weights (the paper's appendix 7.1); `mode` says what it reads beyond the border."""
    layer = nn.Conv2d(inputs, outputs, kernel_size, stride, padding, bias=bias, padding_mode=mode)
    initialize(layer)
    return layer


def _convolved(side: int, strides: Sequence[int]) -> int:
    """The side of a feature map behind 4x4 convolutions with these strides and padding 1."""
    for stride in strides:
        side = side // 2 if stride == 2 else side - 1
    return side


class Residual(nn.Module):
    """Features (N, C, H, W) plus the output of two 3x3 convolutions, same shape; H and W are at least 2.

    As in Johnson et al. 2016 (arXiv 1603.08155), no activation follows the sum.
    """

    def __init__(self, features: Size) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _convolution(features, features, 3, padding=1, mode="reflect"),
            nn.InstanceNorm2d(features),
            nn.ReLU(),
            _convolution(features, features, 3, padding=1, mode="reflect"),
            nn.InstanceNorm2d(features),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.layers(features)


class Generator(base.Generator):
    """Images (N, channels, H, W) to images of the same shape in [-1, 1], for translation.

    Section 4 and appendix 7.2, after Johnson et al. 2016: a 7x7 convolution to `width` features, `halvings`
    convolutions of stride 2 that double the features, `blocks` residual blocks, as many fractional-strided convolutions
    as halvings, and a 7x7 convolution to the channels. Instance norm follows every convolution but the last. It has no
    gain and no bias, as in the authors' PyTorch code. A convolution in front of it has no bias, because instance norm
    subtracts it. Odd sides are reached exactly. There is no latent, and the network takes no labels.

    Raises ValueError if a side is below 8, or too small for that many halvings (the smallest side must be 2).
    """

    latent_dim = 0
    reads = "source"

    def __init__(
        self, image_size: ImageSize, channels: Size, width: Size = 64, halvings: Depth = 2, blocks: Depth = 6
    ) -> None:
        super().__init__()
        smallest = max(8, 2**halvings + 1)
        if min(height_and_width(image_size)) < smallest:
            alternative = ", or fewer halvings" if smallest > 8 else ""
            raise ValueError(
                f"image_size={image_size} is too small for {halvings} halvings: use at least {smallest}{alternative}"
            )
        sizes = halved_sizes(image_size, halvings)
        deepest = width * 2**halvings
        self.layers = nn.Sequential(
            *self._normalized(_convolution(channels, width, 7, padding=3, mode="reflect")),
            *self._down(width, halvings),
            *(Residual(deepest) for _ in range(blocks)),
            *self._up(deepest, sizes[::-1]),
            _convolution(width, channels, 7, padding=3, bias=True, mode="reflect"),
        )

    @staticmethod
    def _normalized(layer: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
        """`layer`, then instance norm and an activation."""
        return [layer, nn.InstanceNorm2d(layer.out_channels), nn.ReLU()]

    def _down(self, width: int, halvings: int) -> list[nn.Module]:
        """Convolutions that halve the side and double the features, from `width` features on."""
        layers: list[nn.Module] = []
        for index in range(halvings):
            inputs = width * 2**index
            layers += self._normalized(_convolution(inputs, 2 * inputs, 3, stride=2, padding=1))
        return layers

    def _up(self, features: int, sizes: Sequence[tuple[int, int]]) -> list[nn.Module]:
        """Convolutions through feature maps of these `sizes`, from the smallest on, that halve the `features`."""
        layers: list[nn.Module] = []
        for index, (small, large) in enumerate(pairwise(sizes)):
            inputs = features // 2**index
            # without output padding a side would be 2 * small - 1
            padding = (large[0] - (2 * small[0] - 1), large[1] - (2 * small[1] - 1))
            doubling = nn.ConvTranspose2d(inputs, inputs // 2, 3, 2, padding=1, output_padding=padding, bias=False)
            initialize(doubling)
            layers += self._normalized(doubling)
        return layers

    def forward(self, images: Tensor) -> Tensor:
        return torch.tanh(self.layers(images))


class Discriminator(base.Discriminator):
    """Images (N, channels, H, W) to the logits of their patches (N * patches,), image after image.

    PatchGAN (Isola et al. 2017, arXiv 1611.07004; CycleGAN's appendix 7.2): 4x4 convolutions of stride 2 to `widths`
    features, then one of stride 1 to a logit per patch. If there are several widths, the convolution to the last one
    has stride 1, too, as in the authors' code. Each logit sees `receptive_field` x `receptive_field` pixels: 70 for the
    paper's widths (64, 128, 256, 512), 16 for two widths, 34 for three. Instance norm without gain and bias follows all
    convolutions but the first and the last. The network takes no labels. If `head_bias` is false, the last convolution
    has no bias. Relativistic losses cannot train one.

    Raises ValueError if `image_size` is too small for that many widths.
    """

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        widths: Sizes = (64, 128, 256, 512),
        head_bias: bool | None = None,
    ) -> None:
        super().__init__()
        strides = [2] * max(len(widths) - 1, 1) + [1] * (len(widths) > 1)
        height, width = height_and_width(image_size)
        smallest = 2
        for stride in reversed(strides):
            smallest = 2 * smallest if stride == 2 else smallest + 1
        if min(height, width) < smallest:
            raise ValueError(
                f"image_size={image_size} is too small for {len(widths)} widths: use at least {smallest}, or fewer"
            )
        self.patches = (_convolved(height, strides) - 1) * (_convolved(width, strides) - 1)
        self.features = widths[-1]
        self.receptive_field = 4
        for stride in reversed(strides):
            self.receptive_field = stride * (self.receptive_field - 1) + 4
        layers: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(pairwise([channels, *widths])):
            layers.append(_convolution(inputs, outputs, 4, strides[index], padding=1, bias=index == 0))
            if index > 0:
                layers.append(nn.InstanceNorm2d(outputs))
            layers.append(nn.LeakyReLU(0.2))
        head = _convolution(self.features, 1, 4, padding=1, bias=head_bias is not False)
        self.layers = nn.Sequential(*layers, head)

    @property
    def head(self) -> nn.Module:
        """The last layer, a convolution of features (N, features, h, w)."""
        return self.layers[-1]

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).flatten()
