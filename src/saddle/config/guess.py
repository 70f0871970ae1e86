"""What a setting or an option that does not exist was probably meant to be."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from saddle.config.newcomers import CHOICE_OF, NOT_NEEDED, SETTING_OF
from saddle.config.options import either, groups, options, settings_in
from saddle.error import InputError

Tree = Mapping[str, Any]
"""A config as nested plain values."""

ALIKE = 0.8
"""How much alike names are, from 0 to 1, that differ by a slip of the finger."""

_TOP = ("folder", "objective", "resume", "seed")
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
    tree = _without(path, tree)
    word = _plain(name)
    if word in NOT_NEEDED:
        return f"{path}: there is no such setting: {NOT_NEEDED[word]}"
    having = _options_having(path)
    if having:
        return f"{path}: there is no such setting as things are chosen; {having} has it"
    guesses = _by_word(word, place, known, tree, value)
    guesses = guesses or _by_option(name)
    guesses = guesses or _elsewhere(path, tree)
    guesses = guesses or _alike(name, place, known, tree, value)
    if not guesses and not known:
        return f"{path}: there is no such setting; {place} has none"
    if not guesses:
        return f"{path}: there is no such setting; known here: {', '.join(known)}"
    return f"{path}: there is no such setting; did you mean {' or '.join(guesses[:_MOST])}?"


def unknown_option(group: str, option: str, choices: Sequence[str]) -> str:
    """One sentence for an option that its group does not have, with what was probably meant.

    `choices` are those that it has.
    """
    same = [choice for choice in choices if _plain(choice) == _plain(option)]
    guesses = [f"{group}={choice}" for choice in same]
    guesses = guesses or _by_option(option)
    if not guesses:
        near = difflib.get_close_matches(_plain(option), choices, n=1)
        guesses = [f"{group}={choice}" for choice in near]
    sentence = f"{group}={option}: there is no such option"
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


def _by_word(word: str, place: str, known: Sequence[str], tree: Tree, value: str) -> list[str]:
    """The setting or choice that other projects call `word`."""
    if word not in SETTING_OF:
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
        for option in options(group):
            if option == word and option not in ("default", "none"):
                found.append(f"{group}={option}")
    if not found and word in CHOICE_OF:
        found.append(CHOICE_OF[word])
    return found


def _elsewhere(path: str, tree: Tree) -> list[str]:
    """The settings of the tree whose names end like `path`, or like its last part, in the fewest levels."""
    settings = [setting for setting, _ in _walk(tree)]
    for end in (path, path.rpartition(".")[2]):
        found = [setting for setting in settings if setting.endswith(f".{end}")]
        if found:
            level = min(setting.count(".") for setting in found)
            return [setting for setting in found if setting.count(".") == level]
    name = path.rpartition(".")[2]
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
    near = difflib.get_close_matches(name, [*by_name, *SETTING_OF], n=1, cutoff=ALIKE)
    if near:
        return [by_name[near[0]]] if near[0] in by_name else _by_word(near[0], place, known, tree, value)
    return [prefix + other for other in difflib.get_close_matches(name, known, n=1)]


def _walk(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The settings of a tree with their dotted names, groups included, but for Hydra's own keys."""
    for name, value in tree.items():
        if str(name).startswith("_"):
            continue
        yield f"{prefix}{name}", value
        if isinstance(value, Mapping):
            yield from _walk(value, f"{prefix}{name}.")
