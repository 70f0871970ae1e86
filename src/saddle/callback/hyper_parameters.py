"""The settings that runs are compared by: one level, by group, without what repeats another one or nothing reads."""

from collections.abc import Collection
from typing import Any

_REPEATED = ("data.seed", "data.accumulate")
_OF_DATA = ("image_size", "channels", "classes", "conditional")
"""What each network receives, and what stands once in `data` and `architecture`."""

_OF_SHAPE = ("horizon_images", "final")
"""What a schedule of constant shape does not read."""

_BY_TURN = (
    ("optimizer", ""),
    ("training", "schedule"),
    ("training", "beta2_schedule"),
    ("training", "clip_norm"),
)
"""Where settings stand for each turn, also for those that the run's game does not play."""

_ALL_TURNS = ("discriminator", "generator", "encoder")


def hyper_parameters(record: dict[str, Any], turns: Collection[str]) -> dict[str, Any]:
    """The settings of a run in the order of their groups: keys joined by dots, lists as text, parts by their files.

    Booleans are words, and `penalty` names all penalties. Left out is what says nothing: settings that repeat another
    one, those of turns that are not among `turns`, and names of classes that are those of their settings.
    """
    flat = _flat(_of_turns(record, turns))
    return {name: value for name, value in flat.items() if not _is_silent(name, value, flat)}


def _of_turns(record: dict[str, Any], turns: Collection[str]) -> dict[str, Any]:
    """The record without the settings of turns that are not played."""
    kept = dict(record)
    for group, name in _BY_TURN:
        if not isinstance(kept.get(group), dict):
            continue
        if not name:
            kept[group] = _without(kept[group], turns)
        elif isinstance(kept[group].get(name), dict):
            kept[group] = kept[group] | {name: _without(kept[group][name], turns)}
    return kept


def _without(settings: dict[str, Any], turns: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name in turns or name not in _ALL_TURNS}


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if prefix + key == "penalty":
            flat["penalty"] = ", ".join(value) or "none"
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif key == "_target_":
            *_, module, name = value.split(".")
            flat[prefix.rstrip(".")] = module if value.startswith("saddle.") else name
        elif not key.startswith("_"):
            flat[prefix + key] = _plain(value)
    return flat


def _is_silent(name: str, value: Any, flat: dict[str, Any]) -> bool:
    """Whether a setting says nothing beside the others."""
    above, _, last = name.rpartition(".")
    if name in _REPEATED or value is None:
        return True
    if above and (value == last or value == "schedule"):  # a penalty, an average or a schedule, by its only class
        return True
    if above.startswith("architecture.") and last in _OF_DATA:
        return True
    return flat.get(f"{above}.shape") == "constant" and last in _OF_SHAPE


def _plain(value: Any) -> Any:
    """A setting as TensorBoard shows it best. It would show true and false as 1 and 0."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, list) else value
