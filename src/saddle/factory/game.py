"""Builds the game, with its adversarial objective and the sizes of its data."""

from collections.abc import Mapping
from typing import Any

from saddle.config.node import Node
from saddle.factory.instantiate import make
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.turn import DataSizes, Game


def build_objective(loss: Node, penalty: Mapping[str, Node], augmentation: Mapping[str, Node]) -> AdversarialObjective:
    """The adversarial objective of the groups loss, penalty and augmentation; raises InputError."""
    return AdversarialObjective(
        loss=make(loss),
        penalties={name: make(node) for name, node in penalty.items()},
        augmentations={name: make(node) for name, node in augmentation.items()},
    )


def build_game(
    node: Node, loss: Node, penalty: Mapping[str, Node], augmentation: Mapping[str, Node], sizes: DataSizes
) -> Game:
    """The game of the group `game`, with the objective and the sizes if its class takes them; raises InputError."""
    passed_in: dict[str, Any] = {}
    if "objective" in node.parameters:
        passed_in["objective"] = build_objective(loss, penalty, augmentation)
    if "sizes" in node.parameters:
        passed_in["sizes"] = sizes
    game: Game = make(node, passed_in)
    return game
