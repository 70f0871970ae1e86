"""What to change about a run, as settings and as a command to paste."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from saddle.command import training_command
from saddle.config.override import key_of
from saddle.diagnosis.table import Cause
from saddle.run.finished import FinishedRun
from saddle.run.folder import overrides_file
from saddle.terminal import quoted_for_shell

_OF_THE_PLACE = ("folder", "resume", "keep", "hydra.run.dir")
"""Settings that name the folder of a run, and no other run may take over."""

_OF_TWO_NETWORKS = ("saddle.game.adversarial.Adversarial", "saddle.game.auxiliary_classifier.AuxiliaryClassifier")

_CALM = 1e-3
"""A learning rate of Adam that no small network is too fast with."""


def settings_of(cause: Cause, run: FinishedRun) -> list[str]:
    """The settings that mend a cause, with the numbers of the run; without those that its networks or data lack."""
    values = _values(run)
    settings: list[str] = []
    for text in cause.overrides:
        needed = [name for name in values if f"{{{name}}}" in text]
        if all(values[name] is not None for name in needed) and _has(run.record, key_of(text)):
            settings.append(text.format_map(values))
    return settings


def _values(run: FinishedRun) -> dict[str, str | None]:
    """What settings in the table may name in braces."""
    optimizer = run.record["optimizer"]
    rates: dict[str, float] = {}
    for turn in ("discriminator", "generator"):
        own = optimizer.get(turn)
        rate = own.get("lr") if isinstance(own, dict) else None
        rates[turn] = float(optimizer["lr"] if rate is None else rate)
    scale = None
    if run.makes_points:
        size = run.data.training()[0].double().square().mean().sqrt()
        scale = f"{float(size):.2g}"
    return {
        "fair_rate": f"{_fair(*rates.values()):.2g}",
        "calm_discriminator_rate": f"{_calm(rates['discriminator']):.2g}",
        "calm_generator_rate": f"{_calm(rates['generator']):.2g}",
        "size_of_points": scale,
        "longer": str(10 * run.iteration),
    }


def _calm(rate: float) -> float:
    """A tenth of a learning rate, and at most one that suits Adam; the rate itself where that is lower."""
    return rate if rate <= _CALM else min(rate / 10, _CALM)


def _fair(first: float, second: float) -> float:
    """One rate for both players: that of the faster one, unless Adam is better off with a calmer one."""
    slower, faster = sorted((first, second))
    return min(faster, max(slower, _CALM))


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
