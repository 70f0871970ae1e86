"""From overrides to a checked config."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import hydra
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import saddle.config.resolver  # noqa: F401
from saddle.config.checked import CheckedConfig
from saddle.config.fitting import chosen_in
from saddle.config.group_choice import with_nothing_spelled_out, without_nothing
from saddle.config.guess import UnknownSettingError, unknown_setting
from saddle.config.hydra_state import own_hydra
from saddle.config.location import config_folder
from saddle.config.message import one_sentence, sentence_of
from saddle.config.override import by_setting
from saddle.config.place import began_in, located
from saddle.error import InputError


def compose(overrides: Sequence[str]) -> CheckedConfig:
    """The checked config of these overrides, for the current folder; raises InputError as `checked`."""
    overrides = without_nothing(with_nothing_spelled_out(overrides))
    with own_hydra(), one_sentence(overrides), hydra.initialize_config_dir(config_folder(), version_base="1.3"):
        composed = hydra.compose("train", ["folder=.", *overrides])
        return checked(composed, overrides)


def checked(
    config: DictConfig, overrides: Sequence[str] = (), folder: Path | None = None, base: Path | None = None
) -> CheckedConfig:
    """The composed config, resolved and checked. `folder` is that in which Hydra has put the run, if it has.

    Relative paths are taken from where the run began: from the folder `base`, or else from where `folder` began.

    Raises InputError for a value that is missing or cannot be resolved, for a setting that is unknown or out of range,
    for settings that contradict each other, and for an override of a part that the chosen game does not use.
    """
    from saddle.config.check import check_config  # imports torch

    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True, enum_to_str=True)
    except OmegaConfBaseException as error:
        raise InputError(sentence_of(str(error), overrides)) from error
    assert isinstance(plain, dict)
    values = {str(name): value for name, value in plain.items() if name not in ("experiment", "study", "sweep")}
    if folder is not None:
        _check_folder(str(values.get("folder")), folder)
        base = began_in(folder)
    values = located(values, base)
    try:
        second = (plain.get("sweep") or {}).get("second_objective")
        return replace(check_config(values, overrides), chosen=chosen_in(config), second_objective=second)
    except UnknownSettingError as error:
        value = by_setting(overrides).get(error.path, "")
        raise InputError(unknown_setting(error.path, error.known, values, value)) from error


def _check_folder(name: str, folder: Path) -> None:
    """Raise InputError if a config file gives the run another folder than the one that has been made for it."""
    if Path(name).resolve() != folder.resolve():
        raise InputError(
            f"folder={name} is set by a config file, but a run's folder is named on the command line: take it out "
            "there, and give hydra.run.dir=FOLDER"
        )
