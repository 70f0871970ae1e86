"""SNGAN's residual networks (Miyato et al. 2018, appendix B.4, arXiv 1802.05957), also with SAGAN's attention."""

from typing import Literal

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import ImageSize, Size, SizeOrNone, height_and_width
from saddle.layer.attention import SelfAttention, check_side
from saddle.layer.code import code_of, coded
from saddle.layer.initialization import scaled
from saddle.layer.labeled import LabeledSequential, classes_of
from saddle.layer.normalization import normalized, weighted
from saddle.layer.packing import packed, packing_of
from saddle.layer.projection import ProjectionHead
from saddle.layer.resampled_residual import DownBlock, UpBlock
from saddle.layer.resampling import Sides, growing_sides, pyramid

_SMALL = 32  # table 4's networks; larger images have those of tables 5 and 6
_WIDEST = 16  # times `width`


def generator_widths(width: int, sides: list[Sides]) -> list[int]:
    """The features at each of the generator's `sides`, from the smallest maps on.

    4 `width` at all sides for images up to 32 pixels (table 4). For larger ones `width` at full size, twice as many at
    each smaller side, at most 16 `width` (tables 5 and 6). The paper's `width` is 64.
    """
    if max(sides[-1]) <= _SMALL:
        return [4 * width] * len(sides)
    return [width * min(2**level, _WIDEST) for level in reversed(range(len(sides)))]


def discriminator_widths(width: int, height: int, breadth: int) -> list[tuple[int, bool]]:
    """The features behind each block of the discriminator, and whether the block halves the sides.

    For images up to 32 pixels four blocks of 2 `width`, of which two halve (table 4). For larger ones blocks that
    double the features from `width` on, at most to 16 `width`, and halve the sides while these are at least 6, and one
    more that does not halve (tables 5 and 6). The paper's `width` is 64.
    """
    if max(height, breadth) <= _SMALL:
        return [(2 * width, True), (2 * width, True), (2 * width, False), (2 * width, False)]
    shorter, halvings = min(height, breadth), 0
    while shorter >= 6:
        shorter, halvings = (shorter + 1) // 2, halvings + 1
    return [(width * min(2**level, _WIDEST), level < halvings) for level in range(halvings + 1)]


class SumOverPositions(nn.Module):
    """Feature maps (N, C, H, W) to the sums of their pixels (N, C): the papers' global sum pooling."""

    def forward(self, features: Tensor) -> Tensor:
        return features.sum((2, 3))


class Generator(base.Generator):
    """Latent (N, latent_dim) to images (N, channels, height, width) in [-1, 1].

    A linear layer makes feature maps of 4 to 8 pixels a side. Residual blocks double the side up to the image, and
    batch norm, ReLU and a 3x3 convolution to the channels follow. `generator_widths` gives the features at each side.

    - `batch_norm`: whether there is batch norm.
    - `spectral_norm`: whether all weights are spectrally normalized, as in SAGAN (Zhang et al. 2019, section 4.1, arXiv
      1805.08318).
    - `conditional`: the network also takes labels (N,) int64. The batch norm of its blocks is conditional on them.
    - `attention`: self-attention follows the feature map with this shorter side, 32 in SAGAN; 0 for none.
    - `categories`, `continuous`: the last numbers of the latent become this code of InfoGAN (`saddle.layer.code`).

    Raises ValueError if `image_size` is below 8, a conditional network has no classes or no batch norm, no feature map
    has the side `attention`, or the latent is not longer than its code.
    """

    suits_bfloat16 = True

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 128,
        width: Size = 64,
        batch_norm: bool = True,
        spectral_norm: bool = False,
        conditional: bool = False,
        classes: SizeOrNone = 0,
        attention: SizeOrNone = 0,
        categories: SizeOrNone = 0,
        continuous: SizeOrNone = 0,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.categories, self.continuous = code_of(latent_dim, categories, continuous)
        self.classes = classes_of(conditional, classes)
        if conditional and not batch_norm:
            raise ValueError("batch_norm=False leaves no way in for labels: use batch_norm=true, or conditional=false")
        weights: Literal["spectral", "none"] = "spectral" if spectral_norm else "none"
        sides = growing_sides(*height_and_width(image_size))
        check_side(attention, [min(side) for side in sides])
        widths = generator_widths(width, sides)
        (height, breadth), features = sides[0], widths[0]
        projection = scaled(nn.Linear(latent_dim, features * height * breadth))
        self.first = nn.Sequential(weighted(projection, weights), nn.Unflatten(1, (features, height, breadth)))
        self.blocks = nn.ModuleList()
        for index, side in enumerate(sides):
            if index > 0:
                self.blocks.append(
                    UpBlock(widths[index - 1], widths[index], side, self.classes, batch_norm, spectral_norm)
                )
            if min(side) == attention:
                self.blocks.append(SelfAttention(widths[index], weights))
        self.last = nn.Sequential(
            *normalized(widths[-1], "batch" if batch_norm else "none", dimensions=2),
            nn.ReLU(),
            weighted(scaled(nn.Conv2d(widths[-1], channels, kernel_size=3, padding=1)), weights),
        )

    def forward(self, latent: Tensor, labels: Tensor | None = None, activated: bool = True) -> Tensor:
        """Images (N, C, H, W); if not `activated`, the numbers whose tanh is the images."""
        features = self.first(coded(latent, self.categories, self.continuous))
        for block in self.blocks:
            features = block(features, labels) if isinstance(block, UpBlock) else block(features)
        images = self.last(features)
        return torch.tanh(images) if activated else images


class Discriminator(base.Discriminator):
    """Images (N, channels, height, width) to logits (N / packing,). There is no sigmoid.

    Residual blocks, of which the first ones halve the side, ReLU, the sum over all positions, and a linear layer.
    `discriminator_widths` gives the features behind each block.

    - `normalization`: "spectral", as in the paper, or "none".
    - `conditional`: the network also takes labels (N,) int64, by projection in the head (Miyato & Koyama 2018, arXiv
      1802.05637).
    - `head_bias`: whether the last layer has a bias; None means yes. Relativistic losses cannot train one.
    - `attention`: self-attention follows the first feature map with this shorter side, 32 in SAGAN; 0 for none.
    - `packing`: that many neighboring images form one input with more channels, and get one logit together.

    Raises ValueError if `image_size` is below 8, a conditional network has no classes or a `packing` above 1, or no
    feature map has the side `attention`.
    """

    suits_bfloat16 = True

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        width: Size = 64,
        normalization: Literal["spectral", "none"] = "spectral",
        conditional: bool = False,
        classes: SizeOrNone = 0,
        head_bias: bool | None = None,
        attention: SizeOrNone = 0,
        packing: Size = 1,
    ) -> None:
        super().__init__()
        self.classes = classes_of(conditional, classes)
        self.packing = packing_of(packing, conditional)
        growing_sides(*height_and_width(image_size))  # refuses an image that G could not make
        blocks = discriminator_widths(width, *height_and_width(image_size))
        sides = pyramid(*height_and_width(image_size), sum(halves for _, halves in blocks))[1:]
        check_side(attention, [min(side) for side in sides])
        layers: list[nn.Module] = []
        inputs = packing * channels
        for index, (features, halves) in enumerate(blocks):
            layers.append(DownBlock(inputs, features, halves, normalization, first=index == 0))
            if halves and min(sides[index]) == attention:
                layers.append(SelfAttention(features, normalization))
            inputs = features
        self.features = inputs
        bias = head_bias is not False
        if conditional:
            head: nn.Module = ProjectionHead(inputs, classes, normalization, bias=bias)
        else:
            head = weighted(scaled(nn.Linear(inputs, 1, bias=bias)), normalization)
        self.layers = LabeledSequential(*layers, nn.ReLU(), SumOverPositions(), head)

    @property
    def head(self) -> nn.Module:
        """The last layer. Its first argument is the features (N / packing, features) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(packed(images, self.packing), labels).squeeze(1)
