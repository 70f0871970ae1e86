"""Builds the networks of a game, each once."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from saddle.architecture.base import Discriminator, Generator, Network
from saddle.bound import ImageSize
from saddle.config.checked import CheckedConfig
from saddle.config.node import Node
from saddle.config.options import either, options_where, takes
from saddle.config.signature import signature_of
from saddle.config.validate import check
from saddle.data.memory import MemoryData
from saddle.error import InputError
from saddle.factory.instantiate import make
from saddle.factory.memory_budget import build_within_memory
from saddle.game.adversarial_objective import objective_of
from saddle.game.turn import Game


def build_networks(config: CheckedConfig, game: Game, data: MemoryData) -> tuple[dict[str, Network], dict[str, Node]]:
    """The networks that the game needs, by name, and the complete node of each, for the record.

    Raises InputError if the config lacks a network, contradicts a decision of the game, or sets too large sizes.
    """
    networks: dict[str, Network] = {}
    nodes: dict[str, Node] = {}
    for name in game.needs:
        if name not in config.networks:
            raise InputError(f"architecture.{name} is missing: game={config.game.option} needs it")
        node = _complete(name, config, game, data, networks)
        networks[name] = build_within_memory(node.path, partial(make, node))
        nodes[name] = node.with_settings(networks[name].derived)
        if name == "generator":
            _check_reads(networks[name], game, config)
    return networks, nodes


def _complete(name: str, config: CheckedConfig, game: Game, data: MemoryData, networks: Mapping[str, Network]) -> Node:
    """The node of network `name`, completed by the sizes of data and other networks and by the game's decisions."""
    own = config.networks[name]
    _check_image_size(own, data.image_size)
    node = own.completed_by(_sizes(config, data, networks))
    decisions = game.decides().get(name, {})
    for setting, value in decisions.items():
        _check_decision(name, node, setting, value, config)
    node = node.with_settings(decisions)
    if "head_bias" in node.settings:
        node = node.with_settings({"head_bias": _head_bias(node, game)})
    if not node.settings.get("conditional"):
        _check_label_settings(own, is_decided="conditional" in decisions)
    return node


def _check_image_size(node: Node, image_size: ImageSize | None) -> None:
    """Raise InputError if images are rectangles, and the network takes squares alone: its annotation says so."""
    if image_size is None or isinstance(image_size, int) or "image_size" not in node.parameters:
        return
    size = list(image_size)
    try:
        check("data.image_size", size, signature_of(node.target).types["image_size"])
    except InputError as error:
        reason = f"architecture={node.option} takes square images alone: use one number"
        raise InputError(f"data.image_size={size}: {reason}") from error


def _sizes(config: CheckedConfig, data: MemoryData, networks: Mapping[str, Network]) -> dict[str, Any]:
    """Sizes of the data and of the networks that have been built, by the names of networks' parameters."""
    sizes: dict[str, Any] = {
        "image_size": data.image_size,
        "channels": getattr(data, "channels", None),
        "scale": getattr(data, "scale", None),
        "classes": data.classes,
        "conditional": config.conditional,
    }
    generator = networks.get("generator")
    if isinstance(generator, Generator):
        sizes["latent_dim"] = generator.latent_dim
    discriminator = networks.get("discriminator")
    if isinstance(discriminator, Discriminator):
        sizes["features"] = discriminator.features
    return sizes


def _check_decision(name: str, node: Node, setting: str, value: Any, config: CheckedConfig) -> None:
    """Raise InputError if a setting contradicts the game's decision, or if the network has no such setting.

    A setting at its default contradicts nothing.
    """
    game = f"game={config.game.option}"
    if setting not in node.parameters:
        fitting = options_where("architecture", partial(takes, parameter=setting), name)
        raise InputError(
            f"architecture={node.option}: its {name} has no setting {setting}, which {game} decides: use "
            f"{either('architecture', fitting)}"
        )
    allowed = (value, node.parameters[setting].default)
    if setting in node.settings and node.settings[setting] not in allowed:
        place = "architecture" if setting == "conditional" else node.path
        raise InputError(
            f"{place}.{setting}={node.settings[setting]}: {game} decides {setting}={value} for its {name}; leave it out"
        )


def _head_bias(node: Node, game: Game) -> bool:
    """Whether the last layer has a bias: not where the loss reads only differences of logits, which cannot train it."""
    objective = objective_of(game)
    relative = objective is not None and objective.loss.relative
    bias: bool | None = node.settings["head_bias"]
    if relative and bias:
        raise InputError(
            f"{node.path}.head_bias=True: this loss reads differences of logits alone, so that bias would never "
            "learn: use null or false"
        )
    return not relative if bias is None else bias


def _check_label_settings(node: Node, is_decided: bool) -> None:
    """Raise InputError if a network without labels has a setting that only networks with labels read.

    `is_decided`: the game decides that this network takes no labels.
    """
    names = node.target.label_settings if issubclass(node.target, Network) else ()
    for setting in names:
        if setting in node.settings and node.settings[setting] != node.parameters[setting].default:
            reason = f"{node.path}.{setting}={node.settings[setting]} is read by networks that take labels: "
            if is_decided:
                raise InputError(reason + "in this game it takes none; leave it out")
            raise InputError(reason + "leave it, or add architecture.conditional=true")


def _check_reads(generator: Network, game: Game, config: CheckedConfig) -> None:
    """Raise InputError unless the generator reads the game's input: a latent, or images of a source domain."""
    if not isinstance(generator, Generator):
        raise InputError(f"architecture.generator: a {type(generator).__name__} is no Generator")
    if generator.reads == game.reads:
        return
    words = {"latent": "a latent", "source": "images of a source domain"}
    fitting = options_where("architecture", partial(_makes_images_of, reads=game.reads), "generator")
    raise InputError(
        f"architecture={config.networks['generator'].option}: its generator reads {words[generator.reads]}, and "
        f"game={config.game.option} gives it {words[game.reads]}: use {either('architecture', fitting)}"
    )


def _makes_images_of(generator: type, reads: str) -> bool:
    """Whether a class of generators makes images from a latent, or from a source."""
    return issubclass(generator, Generator) and generator.reads == reads and takes(generator, "image_size")
