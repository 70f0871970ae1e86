"""What a network must offer to games, to the checks before training, and to the tools.

A network of your own inherits from one of these classes and assigns the attributes in its constructor. The properties
that are not abstract are answers read off its layers; override one where the layers do not tell the truth.

Some settings of a constructor are decided when the networks are built, for whichever of them it has:

- `head_bias` (`bool | None`): whether D's last layer has a bias. None, the default, leaves the decision to the loss: no
  bias where the loss is `relative`, because it depends on differences of logits only and cannot train a bias.
- `conditional` (`bool`) and `classes` (`int`): whether the network takes labels, and how many classes they have. Some
  games decide `conditional`.
- `reconstructs` (`bool`): whether D has decoders that make images of its features. A penalty that reads them decides.
- `gaussian` (`bool`): whether an encoder returns means and log variances. The game decides.
- `categories` and `continuous` (`int`): the parts of InfoGAN's code at the end of a latent. The game decides.
- `features` and `outputs` (`int | None`) of a head on D's features: `features` is D's own, `outputs` the game's number.
- `image_size`, `channels` and `classes` are the data's. An annotation `int` or `Side` of `image_size` says that the
  network takes squares alone, and `ImageSize` that it takes rectangles, too (`saddle.bound`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrizations import _SpectralNorm

from saddle.layer.attention import SelfAttention
from saddle.layer.labeled import Labeled
from saddle.layer.minibatch_stddev import MinibatchStddev


class Network(nn.Module, ABC):
    """A network that takes part in a game."""

    classes: int = 0
    """Number of classes of the labels that it takes; 0 if it takes none."""

    suits_bfloat16: bool = False
    """Whether trainer.precision=auto computes in bfloat16 where the machine is made for it. Measured, not derived."""

    label_settings: tuple[str, ...] = ()
    """Names of settings that have no effect unless it takes labels."""

    derived: Mapping[str, Any] = {}
    """Settings that it has worked out itself, by name, as plain values: the record of a run holds these instead."""

    initial_settings: tuple[str, ...] = ()
    """Names of settings that decide initial weights alone, so that `init=RUN` may take weights of a run with others."""

    @property
    def mixes_rows(self) -> bool:
        """Whether a row of the output depends on other rows of the batch in a way that breaks input-gradient penalties.

        True with batch normalization. Minibatch standard deviation does not count: StyleGAN trains it with R1.
        """
        return any(isinstance(layer, _BatchNorm) for layer in self.modules())

    @property
    def compares_rows(self) -> bool:
        """Whether it cannot train on a single row: batch norm of features (N, D) would divide by a deviation of 0."""
        return any(isinstance(layer, nn.BatchNorm1d) for layer in self.modules())

    @property
    def over_batch(self) -> bool:
        """Whether a row of the output depends on other rows of the batch: by batch norm or minibatch stddev.

        With training.accumulate above 1 it sees each part by itself, and a warning before training says so.
        """
        return self.mixes_rows or any(isinstance(layer, MinibatchStddev) for layer in self.modules())

    @property
    def is_lipschitz(self) -> bool:
        """Whether its layers bound its gradient: every linear and convolutional weight is spectrally normalized.

        Embeddings of labels do not count, because no gradient with respect to the input passes through them.
        """
        return is_spectral(self)

    @property
    def has_attention(self) -> bool:
        """Whether it has self-attention. With clipped weights, the queries and keys of attention learn nothing."""
        return any(isinstance(layer, SelfAttention) for layer in self.modules())


class Generator(Network):
    """A latent (N, latent_dim) to images (N, C, H, W) in [-1, 1], or to points (N, 2).

    If `reads` is "source", it turns images (N, C, H, W) of one domain into images of another domain instead.
    """

    forward: Callable[..., Tensor]
    """`forward(latent)` or `forward(source)`; with labels (N,) int64 as second argument if `classes` is above 0.

    A generator of images for a variational autoencoder also takes `activated`: `forward(latent, labels,
    activated=False)` returns the numbers whose tanh is the images.
    """

    latent_dim: int
    """Length of the latent; 0 if the generator reads images of a source domain."""

    reads: Literal["latent", "source"] = "latent"
    """Kind of input: a latent, or images of the source domain."""

    categories: int = 0
    """Number of categories in InfoGAN's code at the end of the latent (`saddle.layer.code`); 0 for none."""

    continuous: int = 0
    """Number of continuous values in InfoGAN's code at the end of the latent; 0 for none."""


class Discriminator(Network):
    """Images (N, C, H, W), points (N, 2) or codes (N, D) to logits (N / packing * patches,). There is no sigmoid."""

    forward: Callable[..., Tensor]
    """`forward(inputs)`; with labels (N,) int64 as second argument if `classes` is above 0.

    A joint discriminator is called with images and their codes (N, latent_dim): `forward(images, codes)`.
    """

    features: int
    """Number of features that `head` reads: the second dimension of its input."""

    packing: int = 1
    """Number of inputs that are judged together (PacGAN). N must be a multiple of it."""

    patches: int = 1
    """Number of logits for each input. The logits of one input stand next to each other."""

    suits_clipping: bool = True
    """Whether all its weights learn while they are clipped to small numbers (`saddle.penalty.weight_clipping`)."""

    reconstructs: bool = False
    """Whether it makes images of its features again, by `reconstructions`."""

    @property
    @abstractmethod
    def head(self) -> nn.Module:
        """The last layer, which turns features (N / packing, features, ...), its first argument, into logits.

        Games read the features there, by a hook, so `forward` must call this module exactly once.
        """

    @property
    def freezable_layers(self) -> Sequence[Sequence[nn.Module]]:
        """The layers in front of `head`, from the input on, of which `training.freeze` freezes the first ones.

        An entry is a layer with a weight matrix (a convolution, a residual block, self-attention, a linear layer) and
        what follows it with vectors of weights, as a norm. Layers that take labels are left out, because a run on other
        classes begins them anew. The order is that in which layers were assigned.
        """
        layers: list[list[nn.Module]] = []
        for layer in _in_order(self):
            weights = list(layer.parameters())
            holds_head = any(part is self.head for part in layer.modules())
            if not weights or holds_head or isinstance(layer, Labeled):
                continue
            if layers and all(weight.dim() < 2 for weight in weights):
                layers[-1].append(layer)
            else:
                layers.append([layer])
        return layers

    def reconstructions(self, images: Tensor, where: Tensor) -> Sequence[tuple[Tensor, Tensor]]:
        """Pairs of images that decoders make of the features of `images` (N, C, H, W), and what they should be.

        Both of a pair have the same shape. `where` (N, 2), in [0, 1), chooses parts of the images. Called only if
        `reconstructs`.
        """
        raise NotImplementedError


class Encoder(Network):
    """Images (N, C, H, W) to codes (N, latent_dim).

    If `gaussian`, the output is (N, 2 * latent_dim): the means of the codes, then their log variances.
    """

    latent_dim: int
    """Length of a code."""

    gaussian: bool = False
    """Whether the output is means and log variances instead of codes."""

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Codes (N, latent_dim), or if `gaussian` means and log variances (N, 2 * latent_dim)."""


def _in_order(module: nn.Module) -> Iterator[nn.Module]:
    """The layers of a module in the order of their assignment, those of sequences and lists one by one."""
    for layer in module.children():
        if isinstance(layer, nn.Sequential | nn.ModuleList):
            yield from _in_order(layer)
        else:
            yield layer


def is_spectral(module: nn.Module) -> bool:
    """Whether every linear and convolutional weight in `module` is spectrally normalized, and there is one."""
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear | _ConvNd)]
    return bool(layers) and all(_has_spectral_norm(layer) for layer in layers)


def _has_spectral_norm(layer: nn.Module) -> bool:
    parametrizations = getattr(layer, "parametrizations", None)
    if not isinstance(parametrizations, nn.ModuleDict) or "weight" not in parametrizations:
        return False
    return any(isinstance(step, _SpectralNorm) for step in parametrizations["weight"].children())
