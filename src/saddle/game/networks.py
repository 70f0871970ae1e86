"""The networks of a game: of the kind that is needed, as functions of their input, and what one of their layers reads.

The kinds are those of `saddle.architecture.base`; what a game reads of a network beside its output stands there.
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from saddle.architecture.base import Discriminator, Encoder, Generator, Network
from saddle.game.turn import Batch, Networks


def generator_of(networks: Networks, name: str = "generator") -> Generator:
    """The network `name`; raises TypeError unless it is a `saddle.architecture.base.Generator`."""
    network = networks[name]
    if not isinstance(network, Generator):
        raise _wrong_kind(name, network, "Generator")
    return network


def discriminator_of(networks: Networks, name: str = "discriminator") -> Discriminator:
    """The network `name`; raises TypeError unless it is a `saddle.architecture.base.Discriminator`."""
    network = networks[name]
    if not isinstance(network, Discriminator):
        raise _wrong_kind(name, network, "Discriminator")
    return network


def encoder_of(networks: Networks, name: str = "encoder") -> Encoder:
    """The network `name`; raises TypeError unless it is a `saddle.architecture.base.Encoder`."""
    network = networks[name]
    if not isinstance(network, Encoder):
        raise _wrong_kind(name, network, "Encoder")
    return network


def with_labels(network: Network, batch: Batch, copies: int = 1) -> Callable[..., Tensor]:
    """`network` as a function of its input alone: a conditional one (`classes` > 0) gets the batch's labels.

    The labels are repeated for an input that consists of several `copies` of the batch.
    """
    return partial(network, labels=batch["label"].repeat(copies)) if network.classes else network


def input_to(layer: nn.Module, call: Callable[[], object]) -> Tensor:
    """The first argument of `layer` in its last pass while `call` runs: the features that it reads."""
    inputs: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda module, arguments: inputs.append(arguments[0]))
    try:
        call()
    finally:
        hook.remove()
    return inputs[-1]


def _wrong_kind(name: str, network: nn.Module, kind: str) -> TypeError:
    return TypeError(f"the network {name} is a {type(network).__name__}, not a saddle.architecture.base.{kind}")
