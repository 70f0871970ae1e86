"""The networks of a game, each built once."""

import inspect
from functools import partial
from typing import Any

from torch import nn

from saddle.architecture.base import Discriminator, Generator, Network
from saddle.config.compose import CheckedConfig, Node
from saddle.config.consistency import option_of
from saddle.config.options import either, options_where, takes
from saddle.config.signature import import_target
from saddle.data.memory import MemoryData
from saddle.error import InputError
from saddle.factory.compatibility import objective_of
from saddle.factory.instantiate import make
from saddle.factory.memory_budget import build_within_memory
from saddle.game.turn import Game


def build_networks(config: CheckedConfig, game: Game, data: MemoryData) -> tuple[dict[str, Network], dict[str, Node]]:
    """The networks that the game needs, by name, and all arguments that each was built from, for the record.

    Raises InputError if the config lacks one, asks for what the game decides otherwise, or for a network too large.
    """
    networks: dict[str, Network] = {}
    nodes: dict[str, Node] = {}
    for name in game.needs:
        if name not in config.architecture:
            raise InputError(f"architecture.{name} is missing: game={option_of(config.game)} needs it")
        node = _arguments(name, config, game, data, networks)
        path = f"architecture.{name}"
        network = build_within_memory(path, partial(make, path, node))
        if name == "generator":
            _check_reads(network, game, config)
        networks[name] = network
        nodes[name] = node
    return networks, nodes


def _arguments(name: str, config: CheckedConfig, game: Game, data: MemoryData, networks: dict[str, Network]) -> Node:
    """The settings of network `name` with what the program passes in: sizes of data and other networks, decisions."""
    node = config.architecture[name]
    target = import_target(f"architecture.{name}", node["_target_"])
    parameters = inspect.signature(target).parameters
    passed_in: dict[str, Any] = {
        "image_size": data.image_size,
        "channels": getattr(data, "channels", None),
        "scale": getattr(data, "scale", None),
        "classes": data.classes,
        "conditional": config.architecture["conditional"],
    }
    generator = networks.get("generator")
    if isinstance(generator, Generator):
        passed_in["latent_dim"] = generator.latent_dim
    discriminator = networks.get("discriminator")
    if isinstance(discriminator, Discriminator):
        passed_in["features"] = discriminator.features
    arguments = {**{key: value for key, value in passed_in.items() if key in parameters}, **node}
    arguments = _with_decisions(name, arguments, target, game, config)
    if "head_bias" in arguments:
        arguments["head_bias"] = _head_bias(name, arguments["head_bias"], game)
    _check_label_settings(name, node, target, arguments, "conditional" in game.decides().get(name, {}))
    return arguments


def _with_decisions(name: str, arguments: Node, target: type, game: Game, config: CheckedConfig) -> Node:
    """The arguments with what the game decides; raises InputError if something else was asked for, or cannot be had."""
    parameters = inspect.signature(target).parameters
    decisions = game.decides().get(name, {})
    for setting, value in decisions.items():
        decision = f"game={option_of(config.game)} decides {setting}={value} for its {name}"
        if setting not in parameters:
            fitting = options_where("architecture", partial(takes, parameter=setting), name)
            raise InputError(
                f"architecture={option_of(arguments)}: its {name} has no setting {setting}, which "
                f"game={option_of(config.game)} decides: use {either('architecture', fitting)}"
            )
        if setting in arguments and arguments[setting] not in (value, parameters[setting].default):
            place = "architecture" if setting == "conditional" else f"architecture.{name}"
            raise InputError(f"{place}.{setting}={arguments[setting]}: {decision}; leave it out")
    return {**arguments, **decisions}


def _head_bias(name: str, asked_for: bool | None, game: Game) -> bool:
    """Whether the last layer has a bias: not where the loss reads only differences of logits, which cannot train it."""
    objective = objective_of(game)
    relative = objective is not None and objective.loss.relative
    if relative and asked_for:
        raise InputError(
            f"architecture.{name}.head_bias=True: this loss reads differences of logits alone, so that bias would "
            "never learn: use null or false"
        )
    return not relative if asked_for is None else asked_for


def _makes_images_of(generator: type, reads: str) -> bool:
    """Whether a class of generators makes images from a latent, or from a source."""
    return issubclass(generator, Generator) and generator.reads == reads and takes(generator, "image_size")


def _check_label_settings(name: str, node: Node, target: type, arguments: Node, is_decided: bool) -> None:
    """Raise InputError for a setting that only a network with labels reads, where this one has none."""
    if arguments.get("conditional"):
        return
    parameters = inspect.signature(target).parameters
    label_settings = target.label_settings if issubclass(target, Network) else ()
    for setting in label_settings:
        if setting in node and node[setting] != parameters[setting].default:
            reason = f"architecture.{name}.{setting}={node[setting]} is read by networks that take labels: "
            if is_decided:
                raise InputError(reason + "in this game it takes none; leave it out")
            raise InputError(reason + "leave it, or add architecture.conditional=true")


def _check_reads(generator: nn.Module, game: Game, config: CheckedConfig) -> None:
    """Raise InputError unless the generator reads what the game gives it: a latent, or images of a source domain."""
    assert isinstance(generator, Generator)
    if generator.reads == game.reads:
        return
    words = {"latent": "a latent", "source": "images of a source domain"}
    fitting = options_where("architecture", partial(_makes_images_of, reads=game.reads), "generator")
    raise InputError(
        f"architecture={option_of(config.architecture['generator'])}: its generator reads {words[generator.reads]}, "
        f"and game={option_of(config.game)} gives it {words[game.reads]}: use {either('architecture', fitting)}"
    )
