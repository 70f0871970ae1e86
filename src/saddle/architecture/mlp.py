"""Multi-layer perceptrons, as in Goodfellow et al. 2014 and in the tutorial that saddle starts from."""

from typing import Literal

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import AnySizes, Normalization, Side, Size, SizeOrNone, Sizes
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
    """Latent (N, latent_dim) to images (N, channels, image_size, image_size) in [-1, 1], through hidden layers.

    A `conditional` one takes labels (N,) int64 as well: an embedding of `label_dim` numbers joins the latent, and batch
    norm, if there is any, is conditional. The last numbers of the latent become InfoGAN's code of `categories` and
    `continuous` numbers (`saddle.layer.code`). Raises ValueError if classes are missing, or the latent is not larger
    than its code.
    """

    def __init__(
        self,
        image_size: Side,
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
        self.image_shape = (channels, image_size, image_size)
        joined = [LabelEmbedding(classes, label_dim)] if conditional else []
        sizes = [latent_dim + (label_dim if conditional else 0), *hidden]
        head = weighted(nn.Linear(sizes[-1], channels * image_size * image_size), normalization)
        body = hidden_layers(sizes, activation, normalization, self.classes)
        self.layers = LabeledSequential(*joined, *body, head)

    def forward(self, latent: Tensor, labels: Tensor | None = None, activated: bool = True) -> Tensor:
        """Images; not `activated` they are what tanh is applied to."""
        latent = coded(latent, self.categories, self.continuous)
        images = self.layers(latent, labels).unflatten(1, self.image_shape)
        return torch.tanh(images) if activated else images


class Discriminator(base.Discriminator):
    """Images (N, channels, image_size, image_size) to logits (N,), through hidden layers; there is no sigmoid.

    A `conditional` one takes labels (N,) int64 as well: by "projection" in its head, or by "concatenation" of an
    embedding of `label_dim` numbers to the image. Without `head_bias` the last layer has no bias, which a loss of
    differences of logits could not train. The spread of each group of `minibatch_stddev` images joins the features
    before the last layer as one more (0: there is none); that layer reads `features` numbers. With `packing` above 1
    that many neighbors are one input of more channels: logits are (N / packing,), one per pack. Raises ValueError if
    classes are missing, or packs are to have labels.
    """

    def __init__(
        self,
        image_size: Side,
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
        joins, projects = (conditional and condition == name for name in ("concatenation", "projection"))
        sizes = [packing * channels * image_size * image_size + (label_dim if joins else 0), *hidden]
        joined = [LabelEmbedding(classes, label_dim)] if joins else []
        spread = [MinibatchStddev(minibatch_stddev)] if minibatch_stddev else []
        self.features = sizes[-1] + len(spread)
        if projects:
            head: nn.Module = ProjectionHead(self.features, classes, normalization, bias=head_bias is not False)
        else:
            head = weighted(nn.Linear(self.features, 1, bias=head_bias is not False), normalization)
        self.layers = LabeledSequential(*joined, *hidden_layers(sizes, activation, normalization), *spread, head)

    @property
    def head(self) -> nn.Module:
        """The last layer; its first argument are the features (N, D) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(packed(images, self.packing).flatten(1), labels).squeeze(1)


class Encoder(base.Encoder):
    """Images (N, channels, image_size, image_size) to codes (N, latent_dim), through hidden layers.

    A `gaussian` one gives (N, 2 * latent_dim): the means of the codes, then their log variances, which begin at 0.
    """

    def __init__(
        self,
        image_size: Side,
        channels: Size,
        latent_dim: Size = 100,
        gaussian: bool = False,
        hidden: AnySizes = (256, 256),
        activation: Activation = "relu",
        normalization: Normalization = "none",
    ) -> None:
        super().__init__()
        self.latent_dim, self.gaussian = latent_dim, gaussian
        sizes = [channels * image_size * image_size, *hidden]
        head = code_head(sizes[-1], latent_dim, gaussian, normalization)
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, normalization), head)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images.flatten(1))


class JointDiscriminator(base.Discriminator):
    """Images (N, channels, image_size, image_size) and codes (N, latent_dim) to logits (N,), one for each pair.

    The code joins the flattened image, and hidden layers read both (BiGAN: Donahue et al. 2017, section 3, arXiv
    1605.09782): at least one, or nothing could tell which image goes with which code. `head_bias` is as in the
    discriminator.
    """

    def __init__(
        self,
        image_size: Side,
        channels: Size,
        latent_dim: Size = 100,
        hidden: Sizes = (256, 256),
        activation: Activation = "relu",
        normalization: Normalization = "none",
        head_bias: bool | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim, self.features = latent_dim, hidden[-1]
        sizes = [channels * image_size * image_size + latent_dim, *hidden]
        head = weighted(nn.Linear(self.features, 1, bias=head_bias is not False), normalization)
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, normalization), head)

    @property
    def head(self) -> nn.Module:
        """The last layer; its argument are the features (N, D) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, codes: Tensor) -> Tensor:
        return self.layers(torch.cat([images.flatten(1), codes], 1)).squeeze(1)
