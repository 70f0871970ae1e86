"""What to change about a run, as settings and as a command to paste."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from saddle.command import training_command
from saddle.config.override import key_of
from saddle.diagnosis.table import Cause
from saddle.diagnosis.untrained import living_discriminator, living_generator, reading_generator
from saddle.game.adversarial_objective import objective_of
from saddle.run.finished import FinishedRun
from saddle.run.folder import overrides_file
from saddle.terminal import quoted_for_shell

_OF_THE_PLACE = ("folder", "resume", "keep", "hydra.run.dir")
"""Settings that name the folder of a run, and no other run may take over."""

_OF_TWO_NETWORKS = ("saddle.game.adversarial.Adversarial", "saddle.game.auxiliary_classifier.AuxiliaryClassifier")

_USUAL = 2e-3
"""The learning rate of conf/optimizer/adam.yaml."""

_CALM = 1e-3
"""A learning rate of Adam that no small network is too fast with."""

_LONG = 1000
"""Iterations that no run on small images is too short with."""


def settings_of(cause: Cause, run: FinishedRun) -> list[str]:
    """The settings that mend a cause, with the numbers of the run; without those that its networks or data lack."""
    settings: list[str] = []
    for text in cause.overrides:
        values = {name: value(run) for name, value in _VALUES.items() if f"{{{name}}}" in text}
        if None not in values.values() and _has(run.record, key_of(text)):
            settings.append(text.format_map(values))
    return settings


def _rate(run: FinishedRun, turn: str) -> float:
    """The learning rate of a turn."""
    optimizer = run.record["optimizer"]
    own = optimizer.get(turn)
    rate = own.get("lr") if isinstance(own, dict) else None
    return float(optimizer["lr"] if rate is None else rate)


def _size_of_points(run: FinishedRun) -> str | None:
    """The root mean square of the data's coordinates; None for images."""
    if not run.makes_points:
        return None
    size = run.data.training()[0].double().square().mean().sqrt()
    return f"{float(size):.2g}"


def _tenth(run: FinishedRun, turn: str) -> str:
    """A tenth of a learning rate, and at most the usual one; the rate itself where that is lower."""
    rate = _rate(run, turn)
    return f"{rate if rate <= _USUAL else min(rate / 10, _USUAL):.2g}"


def _calm(run: FinishedRun, turn: str) -> str | None:
    """A calm learning rate, for a run that collapsed; None where the generator's code is why."""
    return None if reading_generator(run) else f"{min(_rate(run, turn), _CALM):.2g}"


def _fair(run: FinishedRun) -> str:
    """One rate for both players: that of the faster one, unless a calmer one suits Adam better."""
    slower, faster = sorted((_rate(run, "discriminator"), _rate(run, "generator")))
    return f"{min(faster, max(slower, _CALM)):.2g}"


def _missing_penalty(run: FinishedRun) -> str | None:
    """The default penalty; None where something bounds D's gradient already."""
    objective = objective_of(run.game)
    bounded = objective is not None and any(part.bounds_gradient for part in objective.active_penalties.values())
    return None if bounded else "default"


_VALUES: dict[str, Callable[[FinishedRun], str | None]] = {
    "fair_rate": _fair,
    "tenth_of_discriminator_rate": lambda run: _tenth(run, "discriminator"),
    "tenth_of_generator_rate": lambda run: _tenth(run, "generator"),
    "calm_discriminator_rate": lambda run: _calm(run, "discriminator"),
    "calm_generator_rate": lambda run: _calm(run, "generator"),
    "missing_penalty": _missing_penalty,
    "size_of_points": _size_of_points,
    "reading_generator": reading_generator,
    "living_generator": living_generator,
    "living_discriminator": living_discriminator,
    "longer": lambda run: str(max(10 * run.iteration, _LONG)),
}
"""What settings in the table may name in braces; a setting whose value is None is left out."""


def _has(record: dict[str, Any], key: str) -> bool:
    """Whether a setting of networks, game or optimizer is one of this run; others are groups or always there.

    An experiment is one where G and D make and judge images, and there are no other networks.
    """
    parts = key.split(".")
    if key in ("experiment", "architecture"):
        return record["game"]["_target_"] in _OF_TWO_NETWORKS and "point_seed" not in record["data"]
    if parts[0] not in ("architecture", "game", "optimizer") or len(parts) == 1:
        return not (key == "augmentation" and "point_seed" in record.get("data", {}))
    node: Any = record.get(parts[0], {})
    for part in parts[1:]:
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def command_of(cause: Cause, run: FinishedRun) -> str | None:
    """The command that trains as the run did, but with the cause mended; None where no setting mends it.

    A run whose budget is too short goes on in its folder instead.
    """
    settings = settings_of(cause, run)
    if not settings:
        return None
    if cause.goes_on and run.folder is not None:
        words = [f"resume={run.folder}", *settings]
    else:
        words = [*_kept(run, settings), *settings]
    return " ".join([training_command(), *map(quoted_for_shell, words)])


def _kept(run: FinishedRun, settings: Sequence[str]) -> list[str]:
    """The overrides of the run without those that name its folder and those that the `settings` replace."""
    if run.folder is None:
        return []
    replaced = {key_of(text) for text in settings}
    kept: list[str] = []
    for text in _overrides(overrides_file(run.folder)):
        key = key_of(text)
        below = any(key.startswith(f"{name}.") for name in replaced)
        if key not in _OF_THE_PLACE and key not in replaced and not below:
            kept.append(text)
    return kept


def _overrides(file: Path) -> list[str]:
    """The overrides with which a run began; none where the file is missing or damaged."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []
    return [text for text in content if isinstance(text, str)] if isinstance(content, list) else []
