"""R3GAN's residual networks without normalization (Huang et al. 2024, section 3, Config E, arXiv 2501.05441)."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import Few, ImageSize, Size, SizeOrNone, height_and_width
from saddle.layer.basis import Basis, BasisProducts
from saddle.layer.bottleneck import Bottleneck
from saddle.layer.code import code_of, coded
from saddle.layer.initialization import scaled
from saddle.layer.labeled import LabeledSequential, LabelEmbedding, classes_of
from saddle.layer.packing import packed, packing_of
from saddle.layer.projection import ProjectionHead
from saddle.layer.resampling import Halving, Upsampling, growing_sides


def stage_widths(width: int, wide_stages: int, stages: int) -> list[int]:
    """The features of each stage from the smallest maps on: `width` in `wide_stages`, then half of the stage before."""
    return [max(width >> max(stage - wide_stages + 1, 0), 1) for stage in range(stages)]


def _stage(features: int, blocks: int, group_size: int, stages: int) -> list[nn.Module]:
    """The residual blocks of one of `stages` stages."""
    return [Bottleneck(features, group_size, blocks * stages) for _ in range(blocks)]


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    """A 1x1 convolution without a bias."""
    return [scaled(nn.Conv2d(inputs, outputs, kernel_size=1, bias=False))]


class Generator(base.Generator):
    """Latent (N, latent_dim) to images (N, channels, height, width) in [-1, 1].

    Trained maps of 4 to 8 pixels a side are weighed by the latent. Stages of `blocks` residual blocks follow, with
    bilinear upsampling between two stages, and a 1x1 convolution to the channels. The tanh at the end is saddle's: the
    paper's images are unbounded.

    - `width`: the features of the first `wide_stages` stages, from the smallest maps on. Each further stage has half of
      those before.
    - `group_size`: features per group of the 3x3 convolutions; 0 for dense ones.
    - `conditional`: the network also takes labels (N,) int64. An embedding of `label_dim` numbers is appended to the
      latent.
    - `categories`, `continuous`: the last numbers of the latent become this code of InfoGAN (`saddle.layer.code`).

    The defaults are those of the paper on CIFAR-10 and FFHQ. Raises ValueError if `image_size` is below 8, the features
    of a stage do not divide into groups, a conditional network has no classes, or the latent is not longer than its
    code.
    """

    label_settings = ("label_dim",)
    suits_bfloat16 = True

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 64,
        width: Size = 768,
        wide_stages: Few = 4,
        blocks: Few = 2,
        group_size: SizeOrNone = 16,
        conditional: bool = False,
        classes: SizeOrNone = 0,
        label_dim: Size = 64,
        categories: SizeOrNone = 0,
        continuous: SizeOrNone = 0,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.categories, self.continuous = code_of(latent_dim, categories, continuous)
        self.classes = classes_of(conditional, classes)
        sides = growing_sides(*height_and_width(image_size))
        widths = stage_widths(width, wide_stages, len(sides))
        inputs = latent_dim + (label_dim if conditional else 0)
        layers: list[nn.Module] = [LabelEmbedding(classes, label_dim)] if conditional else []
        layers += [Basis(inputs, width, sides[0]), *_stage(width, blocks, group_size, len(sides))]
        for (before, features), side in zip(pairwise(widths), sides[1:], strict=True):
            layers += _convolution(before, features) if features != before else []
            layers += [Upsampling(side, "bilinear"), *_stage(features, blocks, group_size, len(sides))]
        self.layers = LabeledSequential(*layers, *_convolution(widths[-1], channels))

    def forward(self, latent: Tensor, labels: Tensor | None = None, activated: bool = True) -> Tensor:
        """Images (N, C, H, W); if not `activated`, the numbers whose tanh is the images."""
        images = self.layers(coded(latent, self.categories, self.continuous), labels)
        return torch.tanh(images) if activated else images


class Discriminator(base.Discriminator):
    """Images (N, channels, height, width) to logits (N / packing,). There is no sigmoid.

    The mirror of the generator: a 1x1 convolution, stages of residual blocks with the mean of each 2x2 pixels between
    two stages, a global depthwise convolution, and a linear layer.

    - `width`, `wide_stages`, `blocks`, `group_size`: as in the generator.
    - `conditional`: the network also takes labels (N,) int64. A linear layer turns the features into others, as many,
      which the head projects (Miyato & Koyama 2018, arXiv 1802.05637). The head's linear part, which all labels share,
      is saddle's.
    - `head_bias`: whether the last layer has a bias; None means yes. Relativistic losses cannot train one.
    - `packing`: that many neighboring images form one input with more channels, and get one logit together.

    Raises ValueError if `image_size` is below 8, the features of a stage do not divide into groups, or a conditional
    network has no classes or a `packing` above 1.
    """

    suits_bfloat16 = True
    suits_clipping = False

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        width: Size = 768,
        wide_stages: Few = 4,
        blocks: Few = 2,
        group_size: SizeOrNone = 16,
        conditional: bool = False,
        classes: SizeOrNone = 0,
        head_bias: bool | None = None,
        packing: Size = 1,
    ) -> None:
        super().__init__()
        self.classes = classes_of(conditional, classes)
        self.packing = packing_of(packing, conditional)
        self.features = width
        sides = growing_sides(*height_and_width(image_size))
        widths = stage_widths(width, wide_stages, len(sides))[::-1]
        layers = _convolution(packing * channels, widths[0])
        for before, features in pairwise(widths):
            layers += [*_stage(before, blocks, group_size, len(sides)), Halving()]
            layers += _convolution(before, features) if features != before else []
        layers += [*_stage(width, blocks, group_size, len(sides)), BasisProducts(width, sides[0])]
        bias = head_bias is not False
        if conditional:
            layers.append(scaled(nn.Linear(width, width, bias=False)))
            head: nn.Module = ProjectionHead(width, classes, "none", _initialize, bias)
        else:
            head = scaled(nn.Linear(width, 1, bias=bias))
        self.layers = LabeledSequential(*layers, head)

    @property
    def head(self) -> nn.Module:
        """The last layer. Its first argument is the features (N / packing, features) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(packed(images, self.packing), labels).squeeze(1)


def _initialize(module: nn.Module) -> None:
    """Give a linear layer, or vectors of labels, weights that keep the variance of the features."""
    if isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, 0.0, module.embedding_dim**-0.5)
    elif isinstance(module, nn.Linear):
        scaled(module)
