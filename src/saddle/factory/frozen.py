"""Freezes the first layers of discriminators (Freeze-D: Mo et al. 2020, arXiv 2002.10964)."""

from collections.abc import Mapping

from saddle.architecture.base import Discriminator, Network
from saddle.error import InputError


def freeze(networks: Mapping[str, Network], number: int, game: str) -> None:
    """Freeze the first `number` layers of each discriminator, as `Discriminator.freezable_layers` counts them.

    Frozen weights require no gradient, so no optimizer, weight decay or penalty changes them. Buffers go on: batch
    norm's statistics, and the vectors by which spectral norm estimates the norm of the weight. Raises InputError if a
    discriminator has fewer layers in front of its last one, or if there is none; `game` names the game's option.
    """
    discriminators = {name: network for name, network in networks.items() if isinstance(network, Discriminator)}
    if number and not discriminators:
        raise InputError(f"training.freeze={number}: game={game} has no discriminator; leave it out")
    for name, network in discriminators.items():
        layers = network.freezable_layers
        if number > len(layers):
            raise InputError(
                f"training.freeze={number} is more than the {len(layers)} layers of the {name} in front of its last "
                f"one, which always learns: use at most {len(layers)}"
            )
        for layer in layers[:number]:
            for part in layer:
                part.requires_grad_(False)


def freeze_warnings(number: int, init: str | None) -> list[str]:
    """A sentence if layers are frozen that no other run has trained; else nothing."""
    if number == 0 or init is not None:
        return []
    return [
        f"training.freeze={number}: these layers stay as they were drawn, because no run has trained them before; add "
        "init=RUN to begin with the weights of another run"
    ]
