"""Networks that turn images into images, after CycleGAN (Zhu et al. 2017, arXiv 1703.10593)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import Depth, Side, Size, Sizes


def _convolution(
    inputs: int,
    outputs: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    bias: bool = False,
    mode: str = "zeros",
) -> nn.Conv2d:
    """A convolution whose weights are drawn from N(0, 0.02) (the paper's appendix 7.1), biases 0."""
    layer = nn.Conv2d(inputs, outputs, kernel_size, stride, padding, bias=bias, padding_mode=mode)
    return _initialized(layer)


def _initialized(layer: nn.Module) -> nn.Module:
    nn.init.normal_(layer.weight, 0.0, 0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _halved(size: int) -> int:
    """The side after a 3x3 convolution of stride 2 with padding 1: half, rounded up."""
    return (size + 1) // 2


class Residual(nn.Module):
    """Features (N, C, H, W) plus what two 3x3 convolutions make of them, same shape; H and W are at least 2.

    As in Johnson et al. 2016 (arXiv 1603.08155): no activation follows the sum.
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
    """Images (N, channels, image_size, image_size) to images of the same shape in [-1, 1], for translation.

    Section 4 and appendix 7.2, after Johnson et al. 2016: a 7x7 convolution to `width` features, `halvings`
    convolutions of stride 2 that double the features, `blocks` residual blocks, as many fractional-strided convolutions
    back, and a 7x7 convolution to the channels. Instance norm follows every convolution but the last. It has no gain
    and no bias, as in the authors' PyTorch code, and convolutions before it have no bias, which it would take away. Odd
    sides are reached exactly. There is no latent, and it takes no labels.
    Raises ValueError if `image_size` is below 8, or too small to be halved that often (the smallest side must be 2).
    """

    latent_dim = 0
    reads = "source"
    """What it is given: images of the source domain."""

    def __init__(
        self, image_size: Side, channels: Size, width: Size = 64, halvings: Depth = 2, blocks: Depth = 6
    ) -> None:
        super().__init__()
        sizes = [image_size]
        for _ in range(halvings):
            sizes.append(_halved(sizes[-1]))
        smallest = max(8, 2**halvings + 1)
        if image_size < smallest:
            raise ValueError(
                f"image_size={image_size} is too small for {halvings} halvings: use at least {smallest}"
                + (", or fewer halvings" if smallest > 8 else "")
            )
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
        return [layer, nn.InstanceNorm2d(layer.out_channels), nn.ReLU()]

    def _down(self, width: int, halvings: int) -> list[nn.Module]:
        widths = [width * 2**index for index in range(halvings + 1)]
        return [
            layer
            for before, after in pairwise(widths)
            for layer in self._normalized(_convolution(before, after, 3, stride=2, padding=1))
        ]

    def _up(self, features: int, sizes: Sequence[int]) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for index, (small, large) in enumerate(pairwise(sizes)):
            before = features // 2**index
            odd = large - (2 * small - 1)  # without output padding the side would be 2 * small - 1
            doubling = nn.ConvTranspose2d(before, before // 2, 3, 2, padding=1, output_padding=odd, bias=False)
            layers += self._normalized(_initialized(doubling))
        return layers

    def forward(self, images: Tensor) -> Tensor:
        return torch.tanh(self.layers(images))


class Discriminator(base.Discriminator):
    """Images (N, channels, image_size, image_size) to the logits of their patches (N * patches,), image after image.

    PatchGAN (Isola et al. 2017, arXiv 1611.07004; CycleGAN's appendix 7.2): 4x4 convolutions to `widths` features, with
    stride 2 but for the last of them, which has stride 1 as in the authors' code (where there is more than one), and
    one of stride 1 to a logit per patch. Each logit sees `receptive_field` x `receptive_field` pixels: 70 for the
    paper's widths (64, 128, 256, 512), 16 for two widths, 34 for three. Instance norm without gain and bias follows all
    but the first and the last. It takes no labels. `features` is the number of channels that the head reads; without
    `head_bias` the head has no bias, which a loss of differences of logits could not train.
    Raises ValueError if `image_size` is too small for that many widths.
    """

    def __init__(
        self,
        image_size: Side,
        channels: Size,
        widths: Sizes = (64, 128, 256, 512),
        head_bias: bool | None = None,
    ) -> None:
        super().__init__()
        strides = [2] * max(len(widths) - 1, 1) + [1] * (len(widths) > 1)
        side, smallest = image_size, 2
        for stride in strides:
            side = side // 2 if stride == 2 else side - 1
        for stride in reversed(strides):
            smallest = 2 * smallest if stride == 2 else smallest + 1
        if image_size < smallest:
            raise ValueError(
                f"image_size={image_size} is too small for {len(widths)} widths: use at least {smallest}, or fewer"
            )
        self.patches = (side - 1) ** 2
        self.features = widths[-1]
        self.receptive_field = 4
        for stride in reversed(strides):
            self.receptive_field = stride * (self.receptive_field - 1) + 4
        layers: list[nn.Module] = []
        for index, (before, after) in enumerate(pairwise([channels, *widths])):
            layers.append(_convolution(before, after, 4, strides[index], padding=1, bias=index == 0))
            layers += [nn.InstanceNorm2d(after)] if index > 0 else []
            layers.append(nn.LeakyReLU(0.2))
        head = _convolution(self.features, 1, 4, padding=1, bias=head_bias is not False)
        self.layers = nn.Sequential(*layers, head)

    @property
    def head(self) -> nn.Module:
        """The last layer, a convolution; its argument are features (N, features, S, S)."""
        return self.layers[-1]

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).flatten()
