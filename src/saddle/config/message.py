"""One sentence for what Hydra and OmegaConf say in several lines."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from saddle.config.group_choice import check_choices
from saddle.config.location import config_folder
from saddle.config.validate import unknown_setting
from saddle.error import InputError, printable

_NO_DEFAULT = {"data.root": "name the folder with your images"}
_INSTALL_JOBLIB = 'python -m pip install -e ".[sweep]" -c constraints.txt'


@contextmanager
def one_sentence(overrides: Sequence[str]) -> Iterator[None]:
    """Errors of Hydra and OmegaConf inside become InputErrors that say in one sentence what is wrong."""
    try:
        check_choices(overrides)
        yield
    except OverrideParseException as error:
        reason = str(error).partition("\n")[0]
        raise InputError(printable(f"{error.override}: this is not setting=value ({reason})")) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(sentence_of(_text_of(error), overrides)) from error
    except ValueError as error:  # OmegaConf's own, about an entry of a list
        if isinstance(error, InputError) or "invalid literal for int()" not in str(error):
            raise
        entry = str(error).rpartition(": ")[2].strip("'")
        culprit = next((text for text in overrides if f".{entry}" in text), entry)
        raise InputError(f"{culprit}: this setting is a list, whose entries have numbers, not names") from error


def _text_of(error: Exception) -> str:
    """What an error of Hydra and its cause say; for a setting inside the value of an override, that setting's name."""
    cause = error.__cause__
    if isinstance(cause, OmegaConfBaseException) and cause.full_key and "Could not override" in str(error):
        return f"Could not override '{cause.full_key}'"
    return f"{error}\n{cause or ''}"


def sentence_of(text: str, overrides: Sequence[str] = ()) -> str:
    """One sentence from Hydra's or OmegaConf's several lines about `overrides`."""
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown(match[1], overrides)
    if match := re.search(r"Error merging override (.+)\nCannot merge DictConfig with ListConfig", text):
        return f"{match[1]}: this holds settings by name, and a list cannot take its place"
    if match := re.search(r"Ambiguous value for argument '(.+)'\n", text):
        return f"{match[1]}: several values: add -m to sweep over them, or write a list as [a,b] and a text in quotes"
    if match := re.search(r"Multiple values for \S+ To override a value use 'override (\S+): (.+)'", text):
        return f"+{match[1]}={match[2]}: there is one already: use {match[1]}={match[2]} to choose another"
    if match := re.search(r"Missing mandatory value.*full_key: (\S+)", text, re.DOTALL):
        return f"{match[1]} is missing: {_NO_DEFAULT.get(match[1], 'it has no default')}"
    if match := re.search(r"Could not (?:find|load) '([^']+)'", text):
        return _no_option(match[1], text, overrides)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:2])


def _no_option(choice: str, text: str, overrides: Sequence[str]) -> str:
    """A file of a group that is not there."""
    group, _, option = choice.rpartition("/")
    listed = text.partition("Available options in")[2].partition("Config search path")[0].split()[1:]
    options = listed or sorted(file.stem for file in (Path(config_folder()) / group).glob("*.yaml"))
    if (group, option) == ("hydra/launcher", "joblib"):
        return f"{group}={option} (sweep=parallel) is not installed: {_INSTALL_JOBLIB}"
    chosen_by_game = not any(override.startswith(f"{group}=") for override in overrides)
    if group.startswith("architecture/") and chosen_by_game:
        network = group.partition("/")[2]
        return f"architecture={option}: it has no {network}, which the game needs; use {' or '.join(options)}"
    known = f"; choose one of {', '.join(options)}" if options else ""
    return f"{group}={option}: there is no such option{known}"


def _unknown(setting: str, overrides: Sequence[str]) -> str:
    """What is known in the place of an unknown setting, with the groups as they were chosen."""
    node: Any = _with_groups_of(overrides)
    place: list[str] = []
    known: list[str] = []
    for part in setting.split("."):
        if not isinstance(node, DictConfig):
            return f"{setting}: {'.'.join(place)} is a value, there are no settings below it"
        place.append(part)
        known = [str(key) for key in node]
        node = node.get(part)
        if node is None:
            break
    return unknown_setting(".".join(place), place[-1], known)


def _with_groups_of(overrides: Sequence[str]) -> DictConfig:
    choices = [text for text in overrides if re.fullmatch(r"\w+=\w+", text)]
    with hydra.initialize_config_dir(config_folder(), version_base="1.3"):
        try:
            return hydra.compose("train", choices)
        except (HydraException, OmegaConfBaseException):  # one of the choices is wrong, too
            return hydra.compose("train")
