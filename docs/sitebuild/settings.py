"""Every option of every group of the config, and every setting with its type, range, default and meaning."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml

from saddle.config.location import config_folder
from saddle.config.schema import BESIDE_PARTS, Checkpoints, RunSettings, Training
from saddle.config.signature import import_target, signature_of
from saddle.config.trainer_flags import UNSUPPORTED, TrainerFlags
from saddle.schedule import Schedule
from sitebuild.meaning import meaning_of
from sitebuild.words import in_words
from sitebuild.yaml_file import ConfigFile, Entry, read

CONF = Path(config_folder())
PRESETS = ("experiment", "method", "study", "sweep")
"""Groups whose options are choices of other groups' settings."""

_DATACLASSES: dict[str, type] = {"training": Training, "trainer": TrainerFlags, "checkpoints": Checkpoints}
"""Classes of groups that are no part, but a set of values."""


@dataclass(frozen=True)
class Setting:
    """One setting: its dotted name, type and range in words, default as YAML writes it, and meaning."""

    name: str
    kind: str
    default: Any
    meaning: str | None
    is_schedule: bool = False


@dataclass(frozen=True)
class Option:
    """One option of a group, the classes that it builds by dotted name, and its settings."""

    group: str
    file: ConfigFile
    targets: dict[str, type]
    settings: list[Setting]

    @property
    def name(self) -> str:
        """What stands behind `GROUP=`."""
        return self.file.path.stem


def groups() -> list[str]:
    """All groups, those inside of groups too, as `architecture/encoder`."""
    folders = {file.parent for file in CONF.rglob("*.yaml")} - {CONF}
    return sorted(folder.relative_to(CONF).as_posix() for folder in folders)


def options(group: str) -> list[Option]:
    """The options of a group, in alphabetical order."""
    return [option_of(group, path) for path in sorted((CONF / group).glob("*.yaml"))]


def option_of(group: str, path: Path) -> Option:
    """An option with its settings, those of the files that it begins with included."""
    file = read(path)
    if group.split("/")[0] in PRESETS:
        return Option(group, file, {}, [])
    entries = _merged(group, file)
    prefix = group.replace("/", ".")
    targets = dict(_targets(prefix, entries))
    kind = _target_of(prefix, entries) or _DATACLASSES.get(group)
    context = _Context() if kind is None else _of_class(kind)
    return Option(group, file, targets, list(_settings(prefix, entries, context)))


def top_settings() -> list[Setting]:
    """The settings outside of all groups."""
    entries = read(CONF / "train.yaml").content.entries
    own = {name: entry for name, entry in entries.items() if name != "hydra"}
    return list(_settings("", Entry(own), _of_class(RunSettings)))


def schedule_settings() -> list[Setting]:
    """The settings that all schedules have."""
    types = signature_of(Schedule).types
    defaults = {name: getattr(Schedule, name) for name in types}
    return [Setting(name, in_words(types[name]), defaults[name], meaning_of(name, Schedule)) for name in types]


def _merged(group: str, file: ConfigFile) -> Entry:
    """The settings of an option in its group, over those of the options that its `defaults` name."""
    merged = Entry({})
    for base in file.defaults:
        if isinstance(base, str) and base != "_self_":
            path = CONF / group / f"{base.partition('@')[0]}.yaml"
            merged = _over(merged, _merged(group, read(path)))
    own = file.content.entries.get(group, Entry({})) if file.is_global else file.content
    return _over(merged, own)


def _over(below: Entry, above: Entry) -> Entry:
    """Entries of `above` in place of those `below`; comments of either."""
    if not isinstance(above.value, dict) or not isinstance(below.value, dict):
        return Entry(above.value, above.comment or below.comment)
    entries = dict(below.entries)
    for name, entry in above.entries.items():
        entries[name] = _over(entries[name], entry) if name in entries else entry
    return Entry(entries, above.comment or below.comment)


def _targets(path: str, entry: Entry) -> Iterator[tuple[str, type]]:
    """The classes that entries build, by dotted name, without those inside of them."""
    target = _target_of(path, entry)
    if target is not None:
        yield path, target
        return
    for name, below in entry.entries.items():
        yield from _targets(f"{path}.{name}".lstrip("."), below)


def _settings(path: str, entry: Entry, context: "_Context") -> Iterator[Setting]:
    """The settings below an entry. One without words of its own has those of the entry above it."""
    for name, below in entry.entries.items():
        if name in ("_target_", "_partial_"):
            continue
        setting = f"{path}.{name}".lstrip(".")
        words = below.comment or context.words(name)
        if path == "trainer" and name in UNSUPPORTED:
            yield _unsupported(setting, below, *UNSUPPORTED[name])
        elif _target_of(setting, below) is Schedule:
            yield Setting(setting, "schedule", below.entries["shape"].value, words, is_schedule=True)
        elif below.entries:
            yield from _settings(setting, below, context.inside(setting, name, below, words))
        else:
            yield Setting(setting, in_words(context.annotation(setting, name)), below.value, words)


def _unsupported(setting: str, entry: Entry, neutral: Any, reason: str) -> Setting:
    """A flag of the Trainer that is there only to be refused with a reason."""
    return Setting(setting, f"{yaml.safe_dump(neutral).split()[0]} alone", entry.value, f"does not work: {reason}")


@dataclass(frozen=True)
class _Context:
    """What is known of the settings below an entry: their class, or their types, and words for all of them."""

    kind: type | None = None
    types: Mapping[str, Any] | None = None
    of_all: Any = None
    """The type of every setting here: of a mapping by names that are not known before."""
    above: str | None = None

    def words(self, name: str) -> str | None:
        """What a setting means without a comment of its own."""
        return (meaning_of(name, self.kind) if self.kind is not None else None) or self.above

    def annotation(self, setting: str, name: str) -> Any:
        """The annotation of a setting."""
        if setting in BESIDE_PARTS:
            return BESIDE_PARTS[setting]
        return self.of_all if self.types is None else self.types.get(name)

    def inside(self, setting: str, name: str, entry: Entry, words: str | None) -> "_Context":
        """What is known of the settings one entry further below."""
        kind = _target_of(setting, entry) or _DATACLASSES.get(setting)
        if kind is not None:
            return _of_class(kind)
        annotation = self.annotation(setting, name)
        if isinstance(get_origin(annotation), type) and issubclass(get_origin(annotation), Mapping):
            return _Context(of_all=get_args(annotation)[1], above=words)
        return _Context(types=self.types, above=words)  # an optimizer's settings for one turn


def _of_class(kind: type) -> _Context:
    return _Context(kind, signature_of(kind).types)


def _target_of(path: str, entry: Entry) -> type | None:
    target = entry.entries.get("_target_")
    return None if target is None else import_target(path, target.value)
