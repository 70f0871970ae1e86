"""Turns the errors of Hydra and OmegaConf, which have several lines, into one sentence."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.errors import HydraException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from saddle.config.group_choice import check_choices, is_group
from saddle.config.guess import ALIKE, is_name, is_there, unknown_option, unknown_setting
from saddle.config.hydra_state import own_hydra
from saddle.config.location import config_folder
from saddle.config.options import file_of, options
from saddle.config.override import by_setting, key_of, quoted
from saddle.config.signature import import_target, signature_of
from saddle.error import InputError, first_line, printable
from saddle.file import failure_of, relative
from saddle.terminal import quoted_for_shell

_NO_DEFAULT = {"data.root": "name the folder with your images"}
_INSTALL_JOBLIB = 'python -m pip install -e ".[sweep]" -c constraints.txt'
_TEMPLATES = (
    (
        r"Error merging override (.+)\nCannot merge DictConfig with ListConfig",
        "{}: this holds settings by name, and a list cannot take its place",
    ),
    (
        r"force-add of config groups is not supported: '\+\+(.+)'",
        "++{0}: an option of a group is chosen without plus signs, as {0}",
    ),
    (
        r"An item is already at '(\S+)'\.\s+Either remove \+ prefix: '(.+)'",
        "+{1}: there is one already: leave the plus sign out, as {1}",
    ),
    (
        r"Could not delete from config\. The value of '(\S+)' is ",
        "~{0}: it has another value than this: leave the value out, as ~{0}",
    ),
    (
        r"node `(\w+)` is not a container and thus cannot contain `(\w+)`",
        "{0}: it holds settings by name, as {0}.{1}, so no value can take its place",
    ),
    (
        r"Ambiguous value for argument '(.+)'\n",
        "{}: several values: add -m to sweep over them, or write a list as [a,b] and a text in quotes",
    ),
    (
        r"Sweep parameters '(.+)' requires --multirun",
        "{}: several values: add -m to sweep over them",
    ),
    (
        r"Multiple values for \S+ To override a value use 'override (\S+): (.+)'",
        "+{0}={1}: there is one already: use {0}={1} to choose another",
    ),
)
"""Errors of Hydra as regular expressions, each with a sentence to be formatted with its groups."""


@contextmanager
def one_sentence(overrides: Sequence[str]) -> Iterator[None]:
    """Inside, errors of Hydra and OmegaConf become InputErrors of one sentence, which names the override or setting."""
    try:
        check_choices(overrides)
        yield
    except OverrideParseException as error:
        raise InputError(printable(_unreadable(error))) from error
    except (HydraException, OmegaConfBaseException) as error:
        _raise_inner(error)
        raise InputError(sentence_of(_text_of(error), overrides)) from error
    except yaml.YAMLError as error:
        raise InputError(_invalid_yaml(error)) from error
    except ValueError as error:  # OmegaConf's own, about an entry of a list
        if isinstance(error, InputError) or "invalid literal for int()" not in str(error):
            raise
        entry = str(error).rpartition(": ")[2].strip("'")
        override = _override_with(f".{entry}", overrides) or entry
        raise InputError(f"{override}: this setting is a list, whose entries have numbers, not names") from error


def _raise_inner(error: BaseException) -> None:
    """Raise InputError for an InputError or an error of the file system inside a resolver, without Hydra's words."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, InputError):
            raise InputError(str(inner)) from error
        if isinstance(inner, OSError) and inner.errno is not None:
            raise InputError(failure_of(inner)) from error
        inner = inner.__cause__ or inner.__context__


def _invalid_yaml(error: yaml.YAMLError) -> str:
    """One sentence for a chosen config file that is not YAML, with the place of the mistake."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f"a config file is not valid YAML: {first_line(error)}"
    mark = error.problem_mark
    return f"{relative(Path(mark.name))}, line {mark.line + 1}: this is not valid YAML: {error.problem}"


def _unreadable(error: OverrideParseException) -> str:
    """One sentence for an override that Hydra's grammar does not know, with the form that a text needs."""
    sentence = f"{error.override}: this is not setting=value"
    setting, equals, value = error.override.partition("=")
    if not re.fullmatch(r"\+{0,2}\w+([./@-]\w+)*", setting) or not value.strip("'\""):
        return sentence
    if value.startswith("="):
        return f"{sentence}: one = is enough, as {setting}={value.lstrip('=')}"
    if value.endswith(","):
        return f"{sentence}; take the comma at its end away"
    if re.fullmatch(r"\(.*,.*\)", value):
        form = quoted_for_shell(f"{setting}=[{value[1:-1]}]")
        return f"{sentence}; a list is written in brackets, for the shell as {form}"
    form = quoted_for_shell(f"{setting}{equals}{quoted(value)}")
    return f"{sentence}; write a text with such characters in quotes, for the shell as {form}"


def _override_with(text: str, overrides: Sequence[str]) -> str | None:
    """The first override that contains `text`; None if there is none."""
    for override in overrides:
        if text in override:
            return override
    return None


def _text_of(error: Exception) -> str:
    """The text of an error of Hydra and of its cause. For a setting inside the value of an override, it names that."""
    cause = error.__cause__
    if isinstance(cause, OmegaConfBaseException) and cause.full_key and "Could not override" in str(error):
        return f"Could not override '{cause.full_key}'"
    return f"{error}\n{cause or ''}"


def sentence_of(text: str, overrides: Sequence[str] = ()) -> str:
    """One sentence from Hydra's or OmegaConf's several lines about `overrides`."""
    unknown = re.search(r"Could not override '([^']+)'", text)
    if unknown is not None:
        return _unknown(unknown[1], overrides)
    ambiguous = re.search(r"Ambiguous value for argument '([\w.]+)=", text)
    if ambiguous is not None and not is_group(ambiguous[1]) and not _is_setting(ambiguous[1], overrides):
        return _unknown(ambiguous[1], overrides)
    gone = re.search(r"Interpolation key '([^']+)' not found\s+full_key: (\S+)", text)
    if gone is not None:
        return _missing_source(gone[1], gone[2], overrides)
    for pattern, template in _TEMPLATES:
        match = re.search(pattern, text)
        if match is not None:
            return template.format(*match.groups())
    deleted = re.search(r"Could not delete from config\. '([^']+)' does not exist", text)
    if deleted is not None:
        return _nothing_to_leave_out(deleted[1], overrides)
    missing = re.search(r"Missing mandatory value.*full_key: (\S+)", text, re.DOTALL)
    if missing is not None:
        remedy = _NO_DEFAULT.get(missing[1], "it has no default")
        return f"{missing[1]} is missing: {remedy}"
    absent_file = re.search(r"Could not (?:find|load) '([^']+)'", text)
    if absent_file is not None:
        return _no_option(absent_file[1], text, overrides)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:2])


def _is_setting(name: str, overrides: Sequence[str]) -> bool:
    return is_there(name.split("."), _with_groups_of(overrides))


def _missing_source(source: str, copy: str, overrides: Sequence[str]) -> str:
    """One sentence for a setting that copies another one, which is not there."""
    for text in overrides:
        if text.startswith("~") and f"{source}.".startswith(f"{key_of(text)}."):
            return f"{text}: a run needs this: give it another value instead of leaving it out"
    return f"{copy}: it copies ${{{source}}}, and there is no such setting"


def _nothing_to_leave_out(setting: str, overrides: Sequence[str]) -> str:
    """One sentence for `~setting` where there is no such setting, with those that are there."""
    node: Any = _with_groups_of(overrides)
    place = setting.rpartition(".")[0]
    for part in place.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    last = setting.rpartition(".")[2]
    if isinstance(node, dict) and last in node:
        null = "this is null already, which means none: leave it out of the command"
        return f"~{setting}: {null if node[last] is None else 'there is no such setting as things are chosen'}"
    there = f"; there are {', '.join(map(str, node))}" if isinstance(node, dict) and node else ""
    return f"~{setting}: there is no such setting to leave out{there}"


def _no_option(choice: str, text: str, overrides: Sequence[str]) -> str:
    """One sentence for an option whose file is missing. `choice` is GROUP/OPTION, `text` is Hydra's message."""
    group, _, option = choice.rpartition("/")
    for key, value in by_setting(overrides).items():
        if f"{key}/{value}" == choice:  # an option with a slash of its own, as the path of a folder
            group, option = key, value
    listing = text.partition("Available options in")[2].partition("Config search path")[0]
    choices = listing.split()[1:] or options(group)
    if (group, option) == ("hydra/launcher", "joblib"):
        return f"{group}={option} (sweep=parallel) is not installed: {_INSTALL_JOBLIB}"
    chosen_by_game = not any(override.startswith(f"{group}=") for override in overrides)
    if group.startswith("architecture/") and chosen_by_game:
        network = group.partition("/")[2]
        return f"architecture={option}: it has no {network}, which the game needs; use {' or '.join(choices)}"
    return unknown_option(group, option, choices)


def _unknown(setting: str, overrides: Sequence[str]) -> str:
    """One sentence for an unknown setting, with what was probably meant under the chosen groups."""
    tree = _with_groups_of(overrides)
    keys = [key for key in by_setting(overrides) if key == setting or key.startswith(f"{setting}.")]
    setting = keys[0] if keys else setting  # Hydra names it as far as its first unknown part
    node: Any = tree
    place: list[str] = []
    for part in setting.split("."):
        if not isinstance(node, dict):
            return f"{setting}: {'.'.join(place)} is a value, there are no settings below it"
        if part not in node:
            break
        place.append(part)
        node = node[part]
    if ".".join(place) == setting:
        return f"{setting}: another override puts a value in place of the settings there: leave one of the two out"
    known = [str(key) for key in node] if isinstance(node, dict) else []
    value = by_setting(overrides).get(setting, "")
    if isinstance(node, dict) and _is_parameter(setting, place, node):
        return _omitted(setting, value, by_setting(overrides).get(place[0], ""))
    return unknown_setting(_first_unknown(setting, place, known, tree), known, tree, value)


def _is_parameter(setting: str, place: Sequence[str], node: Mapping[str, Any]) -> bool:
    """Whether the class of the part at `place`, which is none of saddle's own, takes a setting that its file omits."""
    from saddle.config.schema import PASSED_IN  # loads torch, so only where there is a mistake

    target, name = node.get("_target_"), setting.rpartition(".")[2]
    if not isinstance(target, str) or target.startswith("saddle.") or setting != ".".join([*place, name]):
        return False
    taken = signature_of(import_target(".".join(place), target)).types
    return name in taken and name not in PASSED_IN.get(place[0], ())


def _omitted(setting: str, value: str, option: str) -> str:
    """One sentence for a parameter that the file of the chosen `option` omits; empty for the default option."""
    group = setting.partition(".")[0]
    add = f"add it to {file_of(group, option)}, or write" if option in options(group) else "write"
    return f"{setting}: the class takes this, and the config file omits it: {add} +{setting}={value}"


def _first_unknown(setting: str, place: Sequence[str], known: Sequence[str], tree: Mapping[str, Any]) -> str:
    """The setting as far as its first unknown part, if that is a slip of the finger; else the whole setting."""
    part, *rest = setting.split(".")[len(place) :]
    near = difflib.get_close_matches(part, known, n=1, cutoff=ALIKE)
    if not near or (rest and is_name(rest[-1], tree) and not is_there([*place, near[0], *rest], tree)):
        return setting
    return ".".join([*place, part])


def _with_groups_of(overrides: Sequence[str]) -> dict[str, Any]:
    """The config, unresolved, with the groups that `overrides` choose; the default one where a choice is wrong, too."""
    choices = [text for text in overrides if re.fullmatch(r"\w+=\w+", text) and is_group(key_of(text))]
    with own_hydra(), hydra.initialize_config_dir(config_folder(), version_base="1.3"):
        try:
            composed = hydra.compose("train", choices)
        except (HydraException, OmegaConfBaseException):
            composed = hydra.compose("train")
    plain = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(plain, dict)
    return {str(name): value for name, value in plain.items()}
