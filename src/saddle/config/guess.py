"""What a setting or an option that does not exist was probably meant to be."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from saddle.config.newcomers import CHOICE_OF, FOLDERS, NAMES, NOT_NEEDED, SETTING_OF
from saddle.config.options import either, groups, options, package_with, settings_in
from saddle.error import InputError
from saddle.plugin import ENVIRONMENT

Tree = Mapping[str, Any]
"""A config as nested plain values."""

ALIKE = 0.8
"""How much alike names are, from 0 to 1, that differ by a slip of the finger."""

_ALIKE_ELSEWHERE = 0.9
"""The same for names of other projects: these are many, and so most words are a little like one of them."""

_OF_SWEEPS = ("study", "method")
"""Groups whose options are no guess: they are called as losses, penalties and settings are."""

_TOP = ("folder", "init", "objective", "resume", "seed")
"""The settings beside the groups."""

_MOST = 3
"""The number of guesses that a sentence names."""


class UnknownSettingError(InputError):
    """The setting `path` does not exist. In its place there are the settings `known`."""

    def __init__(self, path: str, known: Sequence[str]) -> None:
        super().__init__(unknown_setting(path, known, {}))
        self.path, self.known = path, known


def unknown_setting(path: str, known: Sequence[str], tree: Tree, value: str = "") -> str:
    """One sentence for a setting that does not exist, with what was probably meant.

    `known` are the settings in its place, `tree` is the whole config, `value` what it was to be.
    """
    place, _, name = path.rpartition(".")
    if _plain(name) in NOT_NEEDED:
        return f"{path}: there is no such setting: {NOT_NEEDED[_plain(name)]}"
    tree = _without(path, tree)
    having = _options_having(path)
    guesses = _respelled(path, tree, value) or _guesses(path, known, tree, value, is_of_other_choice=bool(having))
    meant = f"; did you mean {' or '.join(guesses[:_MOST])}?" if guesses else ""
    if having:
        return f"{path}: there is no such setting as things are chosen; {having} has it{meant}"
    if guesses:
        return f"{path}: there is no such setting{meant}"
    if not known:
        return f"{path}: there is no such setting; {place} has none"
    return f"{path}: there is no such setting; known here: {', '.join(known)}"


def _guesses(path: str, known: Sequence[str], tree: Tree, value: str, is_of_other_choice: bool) -> list[str]:
    """The settings or choices that may be meant, by the first way that finds any; arguments as `unknown_setting`.

    Where the setting `is_of_other_choice`, another option of its group has it, and only a name that other projects use
    for a setting of this config is another guess.
    """
    place, _, name = path.rpartition(".")
    word = _plain(name)
    settings = dict(_walk(tree))
    is_in_part = "." in place and place in settings
    if is_in_part:
        return [] if is_of_other_choice else _in_part(name, place, known, tree)
    here = known if not place or not tree or place in settings else []
    slip = difflib.get_close_matches(name, here, n=1, cutoff=ALIKE) if place else []
    if slip:
        return [f"{place}.{slip[0]}"]
    guesses = _by_place(word, place, value) or _by_word(word, place, here, tree, value)
    if is_of_other_choice:
        return [guess for guess in guesses if guess in settings]
    is_general = place and word in (*NAMES, *FOLDERS)
    if guesses or is_general:
        return guesses
    return _by_option(name) or _elsewhere(path, tree) or _alike(name, place, here, tree, value)


def unknown_option(group: str, option: str, choices: Sequence[str]) -> str:
    """One sentence for an option that its group does not have, with what was probably meant.

    `choices` are those that it has.
    """
    package = package_with(group, option)
    if package is not None:
        return f"{group}={option}: {package} has this option; begin the command with {ENVIRONMENT}={package}"
    same = [choice for choice in choices if _plain(choice) == _plain(option).strip("/")]
    guesses = [f"{group}={choice}" for choice in same]
    guesses = guesses or _by_option(option)
    if not guesses:
        near = difflib.get_close_matches(_plain(option), choices, n=1, cutoff=ALIKE)
        guesses = [f"{group}={choice}" for choice in near]
    sentence = f"{group}={option}: there is no such option"
    if group == "data" and "/" in option and not same:
        guesses = [f"data=image_folder data.root={option}"]
    if guesses:
        return f"{sentence}; did you mean {' or '.join(guesses[:_MOST])}?"
    return f"{sentence}; choose one of {', '.join(choices)}" if choices else sentence


def meant_by(name: str) -> str:
    """The setting or choice that a name of a flag stands for in other programs, or here; empty if that is unknown."""
    word = _plain(name)
    if word in (*groups(), *_TOP):
        return word
    if word in SETTING_OF:
        return SETTING_OF[word]
    choices = _by_option(word)
    if choices:
        return choices[0]
    for group in groups():
        for option in options(group):
            for setting in settings_in(group, option):
                if word in (setting, setting.rpartition(".")[2]):
                    return setting
    return ""


def is_there(parts: Sequence[str], tree: Tree) -> bool:
    """Whether a config holds the setting or group with these parts of a name."""
    return ".".join(parts) in dict(_walk(tree))


def is_name(name: str, tree: Tree) -> bool:
    """Whether a setting somewhere in a config, or in another project, is called `name`."""
    return _plain(name) in SETTING_OF or any(setting.endswith(f".{name}") for setting, _ in _walk(tree))


def _without(path: str, tree: Tree) -> Tree:
    """The tree without the setting itself, which a config can hold although nothing reads it."""
    first, _, rest = path.partition(".")
    others = {name: value for name, value in tree.items() if name != first}
    if rest and isinstance(tree.get(first), Mapping):
        others[first] = _without(rest, tree[first])
    return others


def _plain(name: str) -> str:
    """A name without differences of spelling that mean nothing."""
    return name.lower().replace("-", "_").strip("_")


def _options_having(path: str) -> str:
    """The options of the group in `path` that have that setting, as `optimizer=rmsprop or sgd`; else nothing."""
    group = path.partition(".")[0]
    names = [option for option in options(group) if path in settings_in(group, option)]
    return either(group, names) if names else ""


def _respelled(path: str, tree: Tree, value: str) -> list[str]:
    """The setting whose name is `path` but for capitals, and for the signs between its parts."""
    same = {re.sub(r"\W|_", ".", setting.lower()): setting for setting, _ in _walk(tree)}
    setting = same.get(re.sub(r"\W|_", ".", path.lower()))
    return [_shown(setting, tree, value)] if setting else []


def _by_place(word: str, place: str, value: str) -> list[str]:
    """What a word as general as `name` or `path` means below a group, which other projects may call otherwise."""
    parts = [_plain(part) for part in place.split(".")]
    for part in parts:
        if CHOICE_OF.get(part, "").startswith(("+", "logger=")):  # what is only there if it is added
            return [CHOICE_OF[part]]
    group = SETTING_OF.get(parts[0], parts[0])
    if word in NAMES and group in groups():
        return [_choice(group, value)]
    if word in FOLDERS and group == "data":
        return [_shown("data.root", {}, value)]
    if word in (*NAMES, *FOLDERS) and group != parts[0] and group not in groups():
        return [group]
    return []


def _in_part(name: str, place: str, known: Sequence[str], tree: Tree) -> list[str]:
    """The setting of the same part, as of one network, that is called `name`; or the only one in its group."""
    word = _plain(name)
    last = SETTING_OF.get(word, word).rpartition(".")[2]
    near = [last] if last in known else difflib.get_close_matches(word, known, n=1, cutoff=ALIKE)
    if near:
        return [f"{place}.{near[0]}"]
    group = place.partition(".")[0]
    found = [setting for setting in _settings(tree) if re.fullmatch(rf"{group}\..*\.{re.escape(word)}", setting)]
    return found if len(found) == 1 else []


def _by_word(word: str, place: str, known: Sequence[str], tree: Tree, value: str) -> list[str]:
    """The setting or choice that other projects call `word`."""
    if word not in SETTING_OF or (place and word in (*NAMES, *FOLDERS)):
        return []
    setting = SETTING_OF[word]
    last = setting.rpartition(".")[2]
    if place and last in known:
        return [f"{place}.{last}"]
    return [_shown(setting, tree, value)]


def _shown(setting: str, tree: Tree, value: str) -> str:
    """A setting or group as a guess names it: a group with its option, a setting that is not chosen with who has it."""
    if setting in groups():
        return _choice(setting, value)
    having = "" if setting in dict(_walk(tree)) else _options_having(setting)
    return f"{setting} (of {having})" if having else setting


def _choice(group: str, value: str) -> str:
    """The choice of an option called `value`, preferably of this group; without one, the group itself."""
    choices = options(group)
    for choice in choices:
        if _plain(choice) == _plain(value):
            return f"{group}={choice}"
    others = _by_option(value)
    return others[0] if others else f"{group}={'|'.join(choices)}"


def _by_option(name: str) -> list[str]:
    """The choices of options that are called `name`, here or in other projects."""
    word = _plain(name)
    found: list[str] = []
    for group in groups():
        for option in options(group) if group not in _OF_SWEEPS else ():
            if option == word and option not in ("default", "none"):
                found.append(f"{group}={option}")
    if not found and word in CHOICE_OF:
        found.append(CHOICE_OF[word])
    return found


def _elsewhere(path: str, tree: Tree) -> list[str]:
    """The settings of the tree whose names end like `path`, or like its last part, in the fewest levels."""
    first, name = path.partition(".")[0], path.rpartition(".")[2]
    settings = _settings(tree)
    if name in _sections(tree):
        group = SETTING_OF.get(_plain(first), first)
        settings = [setting for setting, _ in _walk(tree) if setting.startswith(f"{group}.")]
    for end in (path, name):
        found = [setting for setting in settings if setting.endswith(f".{end}")]
        if found:
            level = min(setting.count(".") for setting in found)
            return [setting for setting in found if setting.count(".") == level]
    if name in _sections(tree):
        return []
    for group in groups():
        for option in options(group):
            for setting in settings_in(group, option):
                if setting.endswith(f".{name}"):
                    return [f"{setting} (of {_options_having(setting)})"]
    return []


def _alike(name: str, place: str, known: Sequence[str], tree: Tree, value: str) -> list[str]:
    """Settings whose names are written almost alike: in the same place, elsewhere, in other projects."""
    prefix = f"{place}." if place else ""
    near = difflib.get_close_matches(name, known, n=1, cutoff=ALIKE)
    if near:
        return [prefix + near[0]]
    by_name = {setting.rpartition(".")[2]: setting for setting, _ in _walk(tree)}
    for section in _sections(tree):
        del by_name[section]
    near = difflib.get_close_matches(name, by_name, n=1, cutoff=ALIKE)
    if near:
        return [by_name[near[0]]]
    near = difflib.get_close_matches(name, SETTING_OF, n=1, cutoff=_ALIKE_ELSEWHERE)
    if near:
        return _by_word(near[0], place, known, tree, value)
    return [prefix + other for other in difflib.get_close_matches(name, known, n=1)]


def _sections(tree: Tree) -> set[str]:
    """The names in a tree that hold settings by name, as `generator`."""
    return {setting.rpartition(".")[2] for setting, value in _walk(tree) if isinstance(value, Mapping)}


def _settings(tree: Tree) -> list[str]:
    """The settings of a tree that hold a value."""
    return [setting for setting, value in _walk(tree) if not isinstance(value, Mapping)]


def _walk(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The settings of a tree with their dotted names, groups included, but for Hydra's own keys."""
    for name, value in tree.items():
        if str(name).startswith("_"):
            continue
        yield f"{prefix}{name}", value
        if isinstance(value, Mapping):
            yield from _walk(value, f"{prefix}{name}.")
