"""Multi-layer perceptrons, as in Goodfellow et al. 2014 and in the tutorial that saddle starts from."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import AnySizes, ImageSize, Normalization, Size, SizeOrNone, Sizes, height_and_width
from saddle.layer.activation import Activation
from saddle.layer.code import code_of, coded
from saddle.layer.code_head import code_head
from saddle.layer.hidden import hidden_layers
from saddle.layer.labeled import LabeledSequential, LabelEmbedding, classes_of
from saddle.layer.minibatch_stddev import MinibatchStddev
from saddle.layer.normalization import weighted
from saddle.layer.packing import packed, packing_of
from saddle.layer.projection import ProjectionHead


class Generator(base.Generator):
    """Latent (N, latent_dim) to images (N, channels, H, W) in [-1, 1], through hidden layers.

    - `conditional`: the network also takes labels (N,) int64. An embedding of `label_dim` numbers is appended to the
      latent, and batch norm, if any, is conditional on the label.
    - `categories`, `continuous`: the last numbers of the latent become this code of InfoGAN (`saddle.layer.code`).

    Raises ValueError if a conditional network has no classes, or the latent is not longer than its code.
    """

    label_settings = ("label_dim",)

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 100,
        hidden: AnySizes = (256, 256, 256, 128),
        activation: Activation = "relu",
        normalization: Normalization = "none",
        conditional: bool = False,
        classes: SizeOrNone = 0,
        label_dim: Size = 16,
        categories: SizeOrNone = 0,
        continuous: SizeOrNone = 0,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.categories, self.continuous = code_of(latent_dim, categories, continuous)
        self.classes = classes_of(conditional, classes)
        self.image_shape = (channels, *height_and_width(image_size))
        embedding = [LabelEmbedding(classes, label_dim)] if conditional else []
        sizes = [latent_dim + (label_dim if conditional else 0), *hidden]
        head = weighted(nn.Linear(sizes[-1], math.prod(self.image_shape)), normalization)
        body = hidden_layers(sizes, activation, normalization, self.classes)
        self.layers = LabeledSequential(*embedding, *body, head)

    def forward(self, latent: Tensor, labels: Tensor | None = None, activated: bool = True) -> Tensor:
        """Images (N, C, H, W); if not `activated`, the numbers whose tanh is the images."""
        latent = coded(latent, self.categories, self.continuous)
        images = self.layers(latent, labels).unflatten(1, self.image_shape)
        return torch.tanh(images) if activated else images


class Discriminator(base.Discriminator):
    """Images (N, channels, H, W) to logits (N / packing,), through hidden layers. No sigmoid follows.

    - `conditional`: the network also takes labels (N,) int64. They enter by "projection" in the head, or by
      "concatenation": an embedding of `label_dim` numbers is appended to the image.
    - `head_bias`: whether the last layer has a bias; None means yes. Relativistic losses cannot train one.
    - `minibatch_stddev`: the spread of each group of that many images is appended to the input of the last layer as one
      more feature; 0 for none.
    - `packing`: that many neighboring images form one input with more channels, and get one logit together.

    Raises ValueError if a conditional network has no classes, or a `packing` above 1.
    """

    label_settings = ("condition", "label_dim")

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        hidden: AnySizes = (256, 256),
        activation: Activation = "relu",
        normalization: Normalization = "none",
        conditional: bool = False,
        classes: SizeOrNone = 0,
        condition: Literal["projection", "concatenation"] = "projection",
        label_dim: Size = 16,
        head_bias: bool | None = None,
        minibatch_stddev: SizeOrNone = 0,
        packing: Size = 1,
    ) -> None:
        super().__init__()
        self.classes = classes_of(conditional, classes)
        self.packing = packing_of(packing, conditional)
        concatenates = conditional and condition == "concatenation"
        projects = conditional and condition == "projection"
        numbers = channels * math.prod(height_and_width(image_size))
        inputs = packing * numbers + (label_dim if concatenates else 0)
        sizes = [inputs, *hidden]
        embedding = [LabelEmbedding(classes, label_dim)] if concatenates else []
        spread = [MinibatchStddev(minibatch_stddev)] if minibatch_stddev else []
        self.features = sizes[-1] + len(spread)
        if projects:
            head: nn.Module = ProjectionHead(self.features, classes, normalization, bias=head_bias is not False)
        else:
            head = weighted(nn.Linear(self.features, 1, bias=head_bias is not False), normalization)
        self.layers = LabeledSequential(*embedding, *hidden_layers(sizes, activation, normalization), *spread, head)

    @property
    def head(self) -> nn.Module:
        """The last layer. Its first argument is the features (N / packing, features) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(packed(images, self.packing).flatten(1), labels).squeeze(1)


class Encoder(base.Encoder):
    """Images (N, channels, H, W) to codes (N, latent_dim), through hidden layers.

    If `gaussian`, the output is (N, 2 * latent_dim): the means of the codes, then their log variances, which begin at
    0.
    """

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 100,
        gaussian: bool = False,
        hidden: AnySizes = (256, 256),
        activation: Activation = "relu",
        normalization: Normalization = "none",
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.gaussian = gaussian
        sizes = [channels * math.prod(height_and_width(image_size)), *hidden]
        head = code_head(sizes[-1], latent_dim, gaussian, normalization)
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, normalization), head)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images.flatten(1))


class JointDiscriminator(base.Discriminator):
    """Images (N, channels, H, W) and their codes (N, latent_dim) to logits (N,), one for each pair.

    The code is appended to the flattened image, and hidden layers read both (BiGAN: Donahue et al. 2017, section 3,
    arXiv 1605.09782). There is at least one: a linear function of both cannot tell which code belongs to which image.
    `head_bias` is as in the discriminator.
    """

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 100,
        hidden: Sizes = (256, 256),
        activation: Activation = "relu",
        normalization: Normalization = "none",
        head_bias: bool | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.features = hidden[-1]
        sizes = [channels * math.prod(height_and_width(image_size)) + latent_dim, *hidden]
        head = weighted(nn.Linear(self.features, 1, bias=head_bias is not False), normalization)
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, normalization), head)

    @property
    def head(self) -> nn.Module:
        """The last layer, from the features (N, features) to the logits."""
        return self.layers[-1]

    def forward(self, images: Tensor, codes: Tensor) -> Tensor:
        return self.layers(torch.cat([images.flatten(1), codes], 1)).squeeze(1)
