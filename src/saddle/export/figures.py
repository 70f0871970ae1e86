"""What is known about how good a run is, from the files in its folder."""

import json
from typing import Any, NamedTuple

from saddle.run.folder import summary_of
from saddle.run.opened import OpenedRun


class Figures(NamedTuple):
    """Metrics of samples by name, the same of real data, and what both were made from."""

    samples: dict[str, float]
    floors: dict[str, float]
    """Empty where they were not measured."""
    stamp: Any


def figures_of(run: OpenedRun) -> Figures | None:
    """What `saddle evaluate` or else training measured at this checkpoint; None if there is nothing."""
    if run.folder is None:
        return None
    return _evaluated(run) or _summarized(run)


def _evaluated(run: OpenedRun) -> Figures | None:
    """The evaluation of this iteration with the most samples."""
    assert run.folder is not None
    found: list[tuple[int, Figures]] = []
    for file in (run.folder / "evaluation").glob(f"{run.iteration:08d}-*.json"):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            floors = content.get("test") or content.get("data") or {}
            figures = Figures(_finite(content["samples"]), _finite(floors), content["stamp"])
            found.append((int(content["stamp"]["generated"]), figures))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # it is damaged
            continue
    return max(found, key=lambda one: one[0])[1] if found else None


def _finite(metrics: dict[str, float | None]) -> dict[str, float]:
    """Metrics without those that were no finite number, which stand in files as null."""
    return {name: float(value) for name, value in metrics.items() if value is not None}


def _summarized(run: OpenedRun) -> Figures | None:
    """The metrics in summary.json, which are of the last iteration."""
    assert run.folder is not None
    summary = summary_of(run.folder)
    measured = _finite(summary.get("metrics", {}))
    metrics = {name.removeprefix("metric/"): value for name, value in measured.items() if name.startswith("metric/")}
    is_last = summary.get("iterations") == run.iteration
    return Figures(metrics, {}, summary.get("stamp")) if metrics and is_last else None
