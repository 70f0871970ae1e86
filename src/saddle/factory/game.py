"""The game, with the objective that its discriminator and generator play, and the sizes of its data."""

import inspect
from typing import Any

from saddle.config.compose import Node
from saddle.config.signature import import_target
from saddle.factory.instantiate import make
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.turn import DataSizes, Game


def build_objective(loss: Node, penalty: dict[str, Node], augmentation: dict[str, Node]) -> AdversarialObjective:
    """The loss with its penalties and augmentations, from the groups of the same names."""
    return AdversarialObjective(
        loss=make("loss", loss),
        penalties={name: make(f"penalty.{name}", node) for name, node in penalty.items()},
        augmentations={name: make(f"augmentation.{name}", node) for name, node in augmentation.items()},
    )


def build_game(
    node: Node, loss: Node, penalty: dict[str, Node], augmentation: dict[str, Node], sizes: DataSizes
) -> Game:
    """The game that the group `game` describes, given the objective and the sizes if it takes them."""
    parameters = inspect.signature(import_target("game", node["_target_"])).parameters
    passed_in: dict[str, Any] = {}
    if "objective" in parameters:
        passed_in["objective"] = build_objective(loss, penalty, augmentation)
    if "sizes" in parameters:
        passed_in["sizes"] = sizes
    return make("game", node, passed_in)
