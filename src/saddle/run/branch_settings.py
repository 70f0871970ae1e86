"""The settings of a branch: those of its run, with what the command line changes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hydra
import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import saddle.config.resolver  # noqa: F401
from saddle.config.checked import CheckedConfig
from saddle.config.compose import checked
from saddle.config.group_choice import choice_of
from saddle.config.hydra_state import own_hydra
from saddle.config.location import config_folder
from saddle.config.message import one_sentence, sentence_of
from saddle.config.options import settings_in
from saddle.config.override import key_of, quoted
from saddle.config.place import began_in, read_moved, with_places
from saddle.config.resumed import RESUMED, read_settings, store_resumed
from saddle.error import InputError
from saddle.file import replacing
from saddle.layout import SETTINGS
from saddle.run.folder import overrides_file, settings_file
from saddle.run.resume import leaves, overrides_of_resumed, read_overrides

_DECIDING = ("loss", "penalty", "augmentation", "game", "optimizer", "training", "data", "architecture")
"""The groups that decide a run's numbers. What they computed from the run's length (a horizon) stays as it was."""


_OF_PARTS = ("penalty", "augmentation")
"""Groups of several parts, some of which may stay."""


@dataclass(frozen=True)
class BranchSettings:
    """The `config` of a branch, checked, with the `settings` and `overrides` that its folder is to hold.

    `began_in` is the folder from which its relative paths are taken; None: from the current one.
    """

    config: CheckedConfig
    settings: Mapping[str, Any]
    overrides: Sequence[str]
    began_in: Path | None


def compose_branch(run: Path, folder: Path, changes: Sequence[str] = ()) -> BranchSettings:
    """The settings of the run in the folder `run` with the overrides `changes`, for a branch in `folder`.

    Raises InputError if the run's settings are missing or damaged, and for changes that do not go with them.
    """
    saved = with_places(read_settings(settings_file(run)), read_moved(run))
    begun_with = read_overrides(overrides_file(run))
    known = [text for text in begun_with if not _is_of_another_option(text, changes)]
    rest = [*_of_parts_that_stay(saved, changes), *store_resumed(saved, overrides_of_resumed(changes, known))]
    base = began_in(run)
    with own_hydra(), one_sentence(changes), hydra.initialize_config_dir(config_folder(), version_base="1.3"):
        composed = hydra.compose(RESUMED, [*rest, f"folder={quoted(folder)}", "resume=null"])
        config = checked(composed, changes, base=base)
        return BranchSettings(config, _settled(composed, changes), _overrides(begun_with, changes), base)


def _chosen(changes: Sequence[str]) -> dict[str, list[str]]:
    """The options of each group that is chosen anew."""
    chosen: dict[str, list[str]] = {}
    for choice in map(choice_of, changes):
        if choice is not None:
            group, option = choice
            chosen[group] = option if isinstance(option, list) else [option]
    return chosen


def _is_of_another_option(text: str, changes: Sequence[str]) -> bool:
    """Whether an override with which the run began is of a setting that a group has no more, once it is chosen anew."""
    group, below, _ = key_of(text).partition(".")
    options = _chosen(changes).get(group) if below else None
    if options is None:
        return False
    return not any(key_of(text) in settings_in(group, option) for option in options)


def _of_parts_that_stay(saved: Mapping[str, Any], changes: Sequence[str]) -> list[str]:
    """Overrides that keep the settings of penalties and augmentations that are chosen again, as r1 by penalty=[r1,r2].

    Without them these would have the settings of their files.
    """
    kept: list[str] = []
    for group, options in _chosen(changes).items():
        if group not in _OF_PARTS:
            continue
        for name, value in leaves(saved.get(group, {})).items():
            is_plain = isinstance(value, bool | int | float)
            if name.partition(".")[0] in options and is_plain:
                kept.append(f"{group}.{name}={json.dumps(value)}")
    return kept


def _settled(composed: DictConfig, changes: Sequence[str]) -> dict[str, Any]:
    """Composed settings as a run's folder holds them, with values in place of what decides a run's numbers."""
    try:
        settings: Any = OmegaConf.to_container(composed, resolve=False)
        for group in _DECIDING:
            settings[group] = OmegaConf.to_container(composed[group], resolve=True, enum_to_str=True)
    except OmegaConfBaseException as error:
        raise InputError(sentence_of(str(error), changes)) from error
    return {**settings, "folder": "${hydra:runtime.output_dir}"}


def with_heads_of(branch: BranchSettings, record: Mapping[str, Any]) -> BranchSettings:
    """The settings of a branch whose networks have no bias in their last layer where those of its run have none.

    A loss that compares logits decides that in the run with this `record`, and the branch may have another loss.
    """
    networks, architecture = dict(branch.config.networks), dict(branch.settings["architecture"])
    for name, node in networks.items():
        recorded = record["architecture"].get(name, {})
        if recorded.get("head_bias") is False and node.settings.get("head_bias", False) is None:
            networks[name] = node.with_settings({"head_bias": False})
            architecture[name] = {**architecture[name], "head_bias": False}
    config = replace(branch.config, networks=networks)
    return replace(branch, config=config, settings={**branch.settings, "architecture": architecture})


def _overrides(begun_with: Sequence[str], changes: Sequence[str]) -> list[str]:
    """The overrides with which a branch begins: the run's, but for those that the changes replace."""
    keys = {key_of(text) for text in changes}
    groups = {choice[0] for choice in map(choice_of, changes) if choice is not None}
    kept = [text for text in begun_with if key_of(text) not in keys and key_of(text).split(".")[0] not in groups]
    return [*kept, *changes]


def write_settings(branch: BranchSettings, folder: Path, last: int) -> None:
    """Write the settings of a branch that ends with the iteration `last` into its folder, as Hydra does for a run."""
    settings = {name: value for name, value in branch.settings.items() if name != "hydra"}
    settings["trainer"] = {**settings["trainer"], "max_steps": last}
    settings["training"] = {**settings["training"], "images": None}
    place = folder / SETTINGS
    place.mkdir(exist_ok=True)
    _write(settings, place / "config.yaml")
    limits = ("trainer.max_steps", "training.images")
    kept = [text for text in branch.overrides if key_of(text) not in limits]
    _write([*kept, f"trainer.max_steps={last}"], overrides_file(folder))
    if branch.began_in is not None:
        _write({"hydra": {"runtime": {"cwd": str(branch.began_in)}}}, place / "hydra.yaml")


def _write(content: Any, file: Path) -> None:
    with replacing(file) as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
