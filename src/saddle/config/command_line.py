"""The command line of training: Hydra's flags and overrides, in any order."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from hydra._internal.utils import get_args_parser

from saddle.command import training_command
from saddle.config.group_choice import with_nothing_spelled_out, without_nothing
from saddle.config.guess import meant_by
from saddle.config.letters import readable_by_hydra
from saddle.config.override import by_setting, key_of
from saddle.error import InputError
from saddle.file import expanded

_SHOWING = ("help", "hydra_help", "cfg", "info", "shell_completion")
"""Hydra's flags that show something in place of training."""

_CONFIG_DIR = ("--config-dir", "-cd")
"""The names of Hydra's flag for a folder of config files."""

_EXCLUSIVE = ("run", "multirun", "cfg", "info", "shell_completion")
"""Hydra's flags of which it takes one."""


@dataclass(frozen=True)
class CommandLine:
    """Hydra's flags, each followed by its value, and overrides (`setting=value`)."""

    flags: tuple[str, ...]
    overrides: tuple[str, ...]

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> "CommandLine":
        """Sort arguments into flags and overrides.

        Raises InputError for a flag that Hydra does not have, and for letters that this locale does not have.
        """
        parsed = _parsed(arguments)
        overrides: list[str] = parsed.overrides
        flags = list(arguments)
        for text in overrides:
            flags.remove(text)
        if parsed.hydra_help:
            overrides = []  # Hydra's own help knows none of saddle's settings
        readable = readable_by_hydra(overrides, bool(parsed.multirun))
        return cls(_with_home(flags), tuple(with_nothing_spelled_out(readable)))

    @property
    def arguments(self) -> list[str]:
        """All arguments in an order that Hydra's parser takes: it wants the overrides next to each other."""
        return [*self.overrides, *self.flags]

    @property
    def settings(self) -> dict[str, str]:
        """The values of the overrides by setting, without quotes."""
        return by_setting([text for text in self.overrides if "=" in text])

    @property
    def is_multirun(self) -> bool:
        """Whether this is a sweep."""
        return bool(_parsed(self.flags).multirun) or self.settings.get("hydra.mode") == "MULTIRUN"

    @property
    def only_shows(self) -> bool:
        """Whether Hydra shows something, so that nothing is trained."""
        flags = _parsed(self.flags)
        return any(getattr(flags, name) for name in _SHOWING)

    @property
    def config_dir(self) -> Path | None:
        """The folder of the flag --config-dir."""
        folder = _parsed(self.flags).config_dir
        return None if folder is None else Path(folder)

    @property
    def names_primary(self) -> bool:
        """Whether the flag --config-name is there."""
        return _parsed(self.flags).config_name is not None

    def with_overrides(self, *overrides: str) -> "CommandLine":
        """The command line with these overrides in place of its own of the same settings."""
        keys = {key_of(text) for text in overrides}
        others = [text for text in self.overrides if key_of(text) not in keys]
        return CommandLine(self.flags, (*others, *overrides))

    def without_nothing(self) -> "CommandLine":
        """The command line without overrides that choose nothing where that is the default."""
        return CommandLine(self.flags, tuple(without_nothing(self.overrides)))

    def without(self, *names: str) -> "CommandLine":
        """The command line without these flags of Hydra, and without their values."""
        flags: list[str] = []
        skip = False
        for text in self.flags:
            if skip:
                skip = False
            elif text in names:
                skip = True
            elif not text.startswith(tuple(f"{name}=" for name in names)):
                flags.append(text)
        return CommandLine(tuple(flags), self.overrides)


def _with_home(flags: Sequence[str]) -> tuple[str, ...]:
    """Hydra's flags, with the home folder in place of a leading `~` of the folder of --config-dir."""
    expanded_flags: list[str] = []
    for number, text in enumerate(flags):
        name, equals, value = text.partition("=")
        if name in _CONFIG_DIR and equals:
            text = f"{name}={expanded(value)}"
        elif number > 0 and flags[number - 1] in _CONFIG_DIR:
            text = expanded(text)
        expanded_flags.append(text)
    return tuple(expanded_flags)


def _refuse(message: str) -> NoReturn:
    """Raise InputError with what the parser of the flags says, or with the setting that an unknown flag stands for."""
    flag = re.match(r"unrecognized arguments: -+(\w[\w.-]*)", message)
    if flag is None:
        raise InputError(f"{message}: see {training_command()} --help and --hydra-help")
    name = flag[1].replace("-", "_")
    meant = meant_by(name)
    example = f"{meant}=VALUE" if meant and "=" not in meant else meant
    raise InputError(
        f"{message}: settings are written without dashes, as {example or 'optimizer.lr=0.001'}: see "
        f"{training_command()} --help"
    )


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Arguments as Hydra's parser reads them, but with flags and overrides in any order; raises InputError."""
    parser = get_args_parser()
    parser.allow_abbrev = False
    parser.error = _refuse  # type: ignore[method-assign]  # else it would print its usage and exit
    flags = parser.parse_intermixed_args(arguments)
    named = [f"--{name.replace('_', '-')}" for name in _EXCLUSIVE if getattr(flags, name)]
    if len(named) > 1:
        raise InputError(f"{' and '.join(named)} do not go together: use one of them")
    if flags.config_path is not None:
        raise InputError("--config-path would hide saddle's own settings: use --config-dir for a folder beside them")
    return flags
