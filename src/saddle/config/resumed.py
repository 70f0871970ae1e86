"""The settings of a run that goes on: those that its folder holds, composed, with what the command line changes.

Nothing is composed anew from text, so the run does not depend on config files that have changed or are gone, nor on
flags that named them.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from saddle.config.group_choice import choice_of
from saddle.config.location import config_folder
from saddle.error import InputError

PRIMARY = "train"
"""The name of saddle's primary config."""

RESUMED = "resumed"
"""The name under which Hydra finds the primary config of a run that goes on."""


def read_settings(file: Path) -> dict[str, Any]:
    """The composed settings that a run's folder holds, with interpolations as text.

    Raises InputError if the file is missing or damaged. It may be a stranger's: nothing in it is followed here.
    """
    if not file.is_file():
        raise InputError(f"expected the run's settings in {file}, found none: start a new run")
    try:
        settings = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: the run's settings cannot be read ({reason}): start a new run") from error
    if not isinstance(settings, dict):
        raise InputError(f"{file}: expected settings by name, as Hydra wrote them: start a new run")
    return {str(name): value for name, value in settings.items()}


def store_resumed(saved: Mapping[str, Any], overrides: Sequence[str]) -> list[str]:
    """Store the primary config of a run that goes on as RESUMED; returns the overrides that Hydra still has to apply.

    `saved` are the run's composed settings. A group that an override chooses anew (`trainer=ddp`) replaces the saved
    one. A group or setting that the run does not know, because it is newer, has today's default.
    """
    today = _settings_in(f"{PRIMARY}.yaml")
    today["training"] = _settings_in("training/default.yaml")  # no class fills in what this group lacks
    chosen: dict[str, Any] = {}
    rest: list[str] = []
    for text in overrides:
        choice = choice_of(text)
        if choice is None:
            rest.append(text)
        else:
            chosen[choice[0]] = choice[1]
    settings = {name: value for name, value in saved.items() if name not in ("defaults", "hydra", *chosen)}
    for name, value in today.items():
        if name in chosen or name == "defaults":
            continue
        if isinstance(value, dict) and isinstance(settings.get(name), dict):
            settings[name] = {**value, **settings[name]}
        settings.setdefault(name, value)
    ConfigStore.instance().store(RESUMED, {"defaults": _defaults(today["defaults"], saved, chosen), **settings})
    return rest


def _settings_in(name: str) -> dict[str, Any]:
    """The content of one of saddle's own config files."""
    content: dict[str, Any] = yaml.safe_load((Path(config_folder()) / name).read_text(encoding="utf-8"))
    return content


def _defaults(today: Sequence[Any], saved: Mapping[str, Any], chosen: Mapping[str, Any]) -> list[Any]:
    """The defaults list: new groups with today's default, the saved settings, the groups that are chosen anew."""
    before: list[Any] = []
    hydras_own: list[Any] = []
    for entry in today:
        if not isinstance(entry, dict):
            continue  # _self_
        [(group, option)] = entry.items()
        if group.startswith("override hydra/"):
            hydras_own.append(entry)
        elif re.match(r"(optional )?(experiment|study|method)\b", group):
            continue  # these change settings of other groups, and those are saved
        elif option is not None and group not in saved and group not in chosen:
            before.append(entry)
    after = [{group: option} for group, option in chosen.items()]
    return [*before, "_self_", *after, *hydras_own]
