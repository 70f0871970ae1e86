"""Game and networks, which need torch alone: a combination that is unsound is refused before Lightning is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import nn

from saddle.augmentation.base import Augmentation
from saddle.config.consistency import check_label_settings
from saddle.config.signature import check_parameters, resolve_target
from saddle.error import InputError
from saddle.factory.compatibility import check_pairing, check_reads, with_decided, with_features, with_head_bias
from saddle.factory.instantiate import Config, make
from saddle.factory.memory_budget import check_weights
from saddle.game.adversarial_objective import AdversarialObjective, Penalty
from saddle.game.turn import DataSizes, Game
from saddle.loss.base import Loss


@dataclass
class Parts:
    """The config's keys that game and networks are made of."""

    loss: Loss
    penalty: Mapping[str, Penalty]
    augmentation: Mapping[str, Augmentation]
    game: Game
    architecture: Mapping[str, nn.Module | bool]


def check_parts(config: Config) -> None:
    """Raise InputError, as `saddle.factory.run` would, if game and networks cannot be built or do not go together.

    The config has passed `saddle.config.early`.
    """
    check_parameters("", {name: config[name] for name in Parts.__dataclass_fields__}, Parts)
    game = build_game(config)
    if all(name in config["architecture"] for name in game.needs):
        check_pairing(config, game)  # first: it takes torch a second to make the first network of shapes alone
    with torch.device("meta"):
        build_networks(config, game)


def build_game(config: Config) -> Game:
    """The game of a checked config. It is handed the objective and the data's sizes if its constructor takes them."""
    parameters = signature(resolve_target("game", config["game"]["_target_"])).parameters
    handed: dict[str, Any] = {}
    if "objective" in parameters:
        handed["objective"] = build_objective(config)
    if "sizes" in parameters:
        data = config["data"]
        handed["sizes"] = DataSizes(data.get("channels", 0), data.get("image_size"), data.get("classes", 0))
    make_game = make("game", {**config["game"], "_partial_": True})  # Hydra would turn dataclasses into configs
    try:
        return make_game(**handed)
    except ValueError as error:
        raise InputError(f"game: {error}") from error


def build_objective(config: Config) -> AdversarialObjective:
    """The loss, penalties and augmentations of a checked config."""
    penalties = {name: make(f"penalty.{name}", node) for name, node in config["penalty"].items()}
    augmentations = {name: make(f"augmentation.{name}", node) for name, node in config["augmentation"].items()}
    return AdversarialObjective(make("loss", config["loss"]), penalties, augmentations)


def build_networks(config: Config, game: Game) -> tuple[dict[str, nn.Module], dict[str, Config]]:
    """The networks that the game needs, by name, and the settings that they were built from."""
    networks, nodes = {}, {}
    for name in game.needs:
        if name not in config["architecture"]:
            raise InputError(f"architecture.{name} is missing: game={type(game).__name__} needs it")
        node = with_decided(name, with_head_bias(name, config["architecture"][name], game), game)
        check_label_settings(name, node, "conditional" in game.decides().get(name, {}))
        if "features" in node:  # a head on the discriminator's
            node = with_features(name, node, networks["discriminator"].features)
        check_weights(f"architecture.{name}", node)
        networks[name], nodes[name] = make(f"architecture.{name}", node), node
        if name == "generator":  # before the networks that only the right family has
            check_reads(networks[name], game)
    return networks, nodes
