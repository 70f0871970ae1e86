"""What a network must offer to games, to the checks before training, and to the tools.

A network of your own inherits from one of these classes and assigns the attributes in its constructor. The properties
below are answers that the layers give; override them where the layers cannot tell.
"""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import is_parametrized

from saddle.layer.attention import SelfAttention


class Network(nn.Module, ABC):
    """A network that takes part in a game."""

    classes: int = 0
    """How many classes its labels have; 0: it takes no labels."""

    @property
    def mixes_rows(self) -> bool:
        """Whether an output depends on other rows of the batch in a way that breaks penalties on D's gradient.

        Batch normalization does. Minibatch standard deviation is left out: StyleGAN trains it with R1.
        """
        return any(isinstance(layer, _BatchNorm) for layer in self.modules())

    @property
    def is_lipschitz(self) -> bool:
        """Whether the layers themselves bound the gradient: every linear and convolutional weight is normalized."""
        kinds = (nn.Linear, nn.modules.conv._ConvNd)
        weighted = [layer for layer in self.modules() if isinstance(layer, kinds)]
        return bool(weighted) and all(is_parametrized(layer, "weight") for layer in weighted)

    @property
    def has_attention(self) -> bool:
        """Whether it has self-attention, whose queries and keys learn nothing from clipped weights."""
        return any(isinstance(layer, SelfAttention) for layer in self.modules())


class Generator(Network):
    """A latent (N, latent_dim) to images (N, C, H, W) in [-1, 1], or to points (N, 2).

    One that `reads` a source turns images (N, C, H, W) of one domain into images of another one.
    """

    latent_dim: int
    reads: Literal["latent", "source"] = "latent"
    categories: int = 0
    """Of InfoGAN's code at the end of the latent (`saddle.layer.code`): how many categories; 0: none."""
    continuous: int = 0
    """How many numbers of the latent are the code's continuous ones."""

    @abstractmethod
    def forward(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images or points; `labels` (N,) int64 where `classes` is above 0."""


class Discriminator(Network):
    """Images (N, C, H, W), points (N, 2) or codes (N, D) to logits (N / packing * patches,), without a sigmoid."""

    features: int
    """How many numbers `head` reads."""
    packing: int = 1
    """How many inputs it judges together (PacGAN)."""
    patches: int = 1
    """How many logits it gives to each input."""

    @property
    @abstractmethod
    def head(self) -> nn.Module:
        """The last layer; its first argument are the features (N, features) that the logit is made of."""


class Encoder(Network):
    """Images (N, C, H, W) to codes (N, latent_dim).

    A `gaussian` one gives (N, 2 * latent_dim): means of the codes, then their log variances.
    """

    latent_dim: int
    gaussian: bool = False

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Codes, or means and log variances."""
