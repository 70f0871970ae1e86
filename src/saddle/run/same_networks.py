"""Whether the networks of another run are those of a new one, by the settings that both record."""

import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddle.architecture.base import Network
from saddle.config.checked import CheckedConfig
from saddle.config.options import options
from saddle.error import InputError
from saddle.factory.parts import Parts
from saddle.terminal import quoted_for_shell

_MAY_DIFFER = {"classes", "outputs", "scale", "head_bias"}
"""Sizes of the data's labels and points, and whether the loss trains a bias of the last layer."""

_OF_THE_DATA = ("image_size", "channels")
"""Settings of networks that stand in the group `data`."""

_LONGEST = 100
"""The number of letters of a value in a message."""


@dataclass(frozen=True)
class Difference:
    """A setting of a network with its values in the other run and here; `_target_` is the network's class."""

    network: str
    setting: str
    there: Any
    here: Any


def check_same_networks(record: Mapping[str, Any], config: CheckedConfig, parts: Parts, path: Path) -> set[str]:
    """Raise InputError unless the run with this `record`, in the checkpoint `path`, has the networks of `parts`.

    Returns the names of those that differ in the number of classes, or of outputs. The message names the first setting
    that differs, before others one that no setting can mend, and what makes all of them the same. The record may be a
    stranger's: its values are compared and shown, and nothing is built from them.
    """
    recorded = record.get("architecture")
    nodes = recorded if isinstance(recorded, dict) else {}
    found: list[Difference] = []
    resized: set[str] = set()
    for name, network in parts.networks.items():
        here = parts.record["architecture"][name]
        if not isinstance(nodes.get(name), dict):
            raise InputError(f"{path} holds no {name}, which game={config.game.option} needs: take a run of that game")
        found += _differences(name, network, nodes[name], here)
        takes_labels = ["classes"] if network.classes else []
        if any(nodes[name].get(size) != here.get(size) for size in [*takes_labels, "outputs"]):
            resized.add(name)
    if found:
        raise InputError(_sentence(found, config, path))
    return resized


def _differences(name: str, network: Network, there: dict[str, Any], here: dict[str, Any]) -> list[Difference]:
    """What differs between two recorded networks, the second of which is `network`.

    A setting that one of them does not record is at the default of the class.
    """
    if there.get("_target_") != here["_target_"]:
        return [Difference(name, "_target_", there.get("_target_"), here["_target_"])]
    default = _defaults(type(network))
    before, now = {**default, **there}, {**default, **here}
    may_differ = _MAY_DIFFER.union(network.initial_settings)
    return [
        Difference(name, setting, before.get(setting), now.get(setting))
        for setting in {**now, **before}
        if setting not in may_differ and before.get(setting) != now.get(setting)
    ]


def _defaults(target: type) -> dict[str, Any]:
    """The defaults of a constructor's parameters as a config has them."""
    values: dict[str, Any] = {}
    for name, parameter in inspect.signature(target).parameters.items():
        if parameter.default is not parameter.empty:
            values[name] = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
    return values


def _sentence(found: list[Difference], config: CheckedConfig, path: Path) -> str:
    """One sentence for networks that differ: it names first what no setting can make the same."""
    overrides = [_override(difference, config) for difference in found]
    first = next((difference for difference, text in zip(found, overrides, strict=True) if text is None), found[0])
    setting = f"architecture.{first.network}"
    if first.setting != "_target_":
        setting = _place(first, config) or f"{setting}.{first.setting}"
    mends = [_other_run(first, config)] if None in overrides else []
    if any(overrides):
        mends.append(f"use {' '.join(dict.fromkeys(filter(None, overrides)))}")
    return f"{setting} is {_text(first.there)} in {path} and {_text(first.here)} here: {', and '.join(mends)}"


def _other_run(difference: Difference, config: CheckedConfig) -> str:
    """What to do about a difference that no setting of networks can mend."""
    if difference.setting == "conditional" and "classes" in config.data.parameters:
        return "begin with a run without labels, or take data with classes (data.classes)"
    return "take a run with the same networks"


def _place(difference: Difference, config: CheckedConfig) -> str | None:
    """The setting of the config that decides a setting of a network; None if the game decides it."""
    name, setting = difference.network, difference.setting
    if setting in _OF_THE_DATA:
        return f"data.{setting}" if setting in config.data.parameters else None
    if setting == "conditional":
        return "architecture.conditional"
    return f"architecture.{name}.{setting}" if setting in config.networks[name].settings else None


def _override(difference: Difference, config: CheckedConfig) -> str | None:
    """What to type so that a setting is as in the other run, quoted for the shell; None if no setting does that."""
    if difference.setting == "_target_":
        return _choice(difference.network, str(difference.there))
    place = _place(difference, config)
    if place == "architecture.conditional" and not config.data.settings.get("classes"):
        return None  # this data has no labels
    return None if place is None else quoted_for_shell(f"{place}={_text(difference.there)}")


def _choice(network: str, target: str) -> str | None:
    """The option that builds one of saddle's networks; None for a class of somebody else's."""
    found = re.fullmatch(r"saddle\.architecture\.(\w+)\.\w+", target)
    for group in (f"architecture/{network}", "architecture"):
        if found is not None and found[1] in options(group):
            return f"{group}={found[1]}"
    return None


def _text(value: Any) -> str:
    """A plain value as it stands in an override, without characters that a terminal would follow, cut if it is long."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w.]*", value, re.ASCII):
        return value[:_LONGEST]
    return json.dumps(value, separators=(",", ":"), default=str)[:_LONGEST]
