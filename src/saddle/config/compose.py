"""Composing the config outside of Hydra's own entry, and one sentence for what is wrong with it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import saddle.config.resolver  # noqa: F401
from saddle.config.data_kind import check_kind
from saddle.config.early import check_early
from saddle.config.group_choice import check_choices
from saddle.config.setting import unknown_setting
from saddle.config.unread import check_read
from saddle.error import InputError, printable
from saddle.run.folder import config_folder

if TYPE_CHECKING:
    from saddle.data.memory import MemoryData

_ASKED = {"data.root": "name the folder with your images"}
_INSTALL_JOBLIB = 'python -m pip install -e ".[sweep]" -c constraints.txt'


@contextmanager
def one_sentence(overrides: Sequence[str]) -> Iterator[None]:
    """Errors of Hydra and OmegaConf inside become InputErrors that say in one sentence what is wrong."""
    try:
        check_choices(overrides)
        yield
    except OverrideParseException as error:
        said = f"{error.override}: this is not setting=value ({str(error).partition(chr(10))[0]})"
        raise InputError(printable(said)) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(config_message(_told(error), overrides)) from error
    except ValueError as error:  # of OmegaConf's, about an entry of a list
        if isinstance(error, InputError) or "invalid literal for int()" not in str(error):
            raise
        name = str(error).rpartition(": ")[2].strip("'")
        culprit = next((text for text in overrides if f".{name}" in text), name)
        raise InputError(f"{culprit}: this setting is a list, whose entries have numbers, not names") from error


def compose(overrides: Sequence[str]) -> dict[str, Any]:
    """The config that these overrides make, checked as to names, types and ranges; raises InputError."""
    with one_sentence(overrides), hydra.initialize_config_dir(config_folder(), version_base="1.3"):
        config = plain_config(hydra.compose("train", ["folder=.", *overrides]), overrides)
    from saddle.factory.run import check_config

    check_config(config)
    return config


def build_data(overrides: Sequence[str]) -> "MemoryData":
    """The data set that these overrides describe, fetched if it must be, for use without batches; raises InputError."""
    from saddle.factory.instantiate import make

    data = make("data", compose([*overrides, "data.batch_size=1"])["data"])
    data.prepare_data()
    return data


def plain_config(config: DictConfig, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The config composed with these overrides, resolved, as plain values; raises InputError if it cannot be resolved,
    if an override is of a part that the game has no use for, or for what can be seen without loading torch.

    Networks for images that meet points, or the other way round, are refused first: settings that they read from the
    data would not be there.
    """
    check_kind(OmegaConf.to_container(config, resolve=False))
    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True, enum_to_str=True)
    except OmegaConfBaseException as error:
        raise InputError(config_message(str(error))) from error
    plain.pop("experiment", None)
    check_read(plain, overrides)
    check_early(plain)
    return plain


def _told(error: Exception) -> str:
    """What an error of Hydra's and its cause say; of a setting inside the value of an override, that setting's name."""
    cause = error.__cause__
    if isinstance(cause, OmegaConfBaseException) and cause.full_key and "Could not override" in str(error):
        return f"Could not override '{cause.full_key}'"
    return f"{error}\n{cause or ''}"


def config_message(text: str, overrides: Sequence[str] = ()) -> str:
    """One sentence from Hydra's or OmegaConf's several lines about `overrides`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown(match[1], overrides)
    if match := re.search(r"Error merging override (.+)\nCannot merge DictConfig with ListConfig", text):
        return f"{match[1]}: this holds settings by name, and a list cannot take its place"
    if match := re.search(r"Ambiguous value for argument '(.+)'\n", text):
        return f"{match[1]}: several values: add -m to sweep over them, or write a list as [a,b] and a text in quotes"
    if match := re.search(r"Multiple values for \S+ To override a value use 'override (\S+): (.+)'", text):
        return f"+{match[1]}={match[2]}: there is one already: use {match[1]}={match[2]} to choose another"
    if match := re.search(r"Missing mandatory value.*full_key: (\S+)", text, re.DOTALL):
        return f"{match[1]} is missing: {_ASKED.get(match[1], 'it has no default')}"
    if match := re.search(r"Could not (?:find|load) '([^']+)'", text):
        group, _, option = match[1].rpartition("/")
        options = text.partition("Available options in")[2].partition("Config search path")[0].split()[1:]
        options = options or sorted(file.stem for file in (Path(config_folder()) / group).glob("*.yaml"))
        if (group, option) == ("hydra/launcher", "joblib"):
            return f"{group}={option} (sweep=parallel) is not installed: {_INSTALL_JOBLIB}"
        if group.startswith("architecture/") and not any(text.startswith(f"{group}=") for text in overrides):
            network = group.partition("/")[2]
            return f"architecture={option}: it has no {network}, which the game needs; use {' or '.join(options)}"
        known = f"; choose one of {', '.join(options)}" if options else ""
        return f"{group}={option}: there is no such option{known}"
    return " ".join(lines[:2])


def _unknown(setting: str, overrides: Sequence[str]) -> str:
    """What is known in the place of an unknown setting, with the groups as they were chosen."""
    with hydra.initialize_config_dir(config_folder(), version_base="1.3"):
        chosen = [text for text in overrides if re.fullmatch(r"\w+=\w+", text)]
        try:
            node: Any = hydra.compose("train", chosen)
        except (HydraException, OmegaConfBaseException):  # one of them is wrong, too
            node = hydra.compose("train")
    place: list[str] = []
    for part in setting.split("."):
        if not isinstance(node, DictConfig):
            return f"{setting}: {'.'.join(place)} is a value, there are no settings below it"
        place.append(part)
        known, node = [str(key) for key in node], node.get(part)
        if node is None:
            break
    return unknown_setting(".".join(place), place[-1], known)
