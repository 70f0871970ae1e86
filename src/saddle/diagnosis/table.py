"""The table of causes, read from causes.yaml and checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FLAGS = ("is_general", "is_well", "goes_on")

FILE = Path(__file__).with_name("causes.yaml")


@dataclass(frozen=True)
class Sign:
    """Evidence by a symptom: none at `begins` and before, full at `full` and beyond; it may rise or fall.

    In between it is linear in the symptom, and in its logarithm where `full` is 4 times `begins` or more, or the other
    way round.
    """

    symptom: str
    begins: float
    full: float

    def strength(self, value: float) -> float:
        """The evidence of a value of the symptom, in [0, 1]."""
        low, high = self.begins, self.full
        if math.isnan(value):
            return 0.0
        if low > 0 and high > 0 and max(low, high) >= 4 * min(low, high):
            low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-300))
        share = (value - low) / (high - low) if math.isfinite(value) else (1.0 if (value > 0) == (high > low) else 0.0)
        return min(1.0, max(0.0, share))


@dataclass(frozen=True)
class Cause:
    """What may be wrong with a run.

    All signs of one of the lists in `needs` must show, and those of `hints` make it surer. `sentence` says what is
    wrong, `mend` what to do in words, and `overrides` are settings that do it. An `is_general` cause says that
    something is wrong and not why, so it is named behind all others. An `is_well` cause is none: it says something of
    a healthy run.
    """

    name: str
    sentence: str
    mend: str
    overrides: tuple[str, ...]
    needs: tuple[tuple[Sign, ...], ...]
    hints: tuple[Sign, ...]
    is_general: bool = False
    is_well: bool = False
    goes_on: bool = False
    """Whether the run goes on with the settings, and no other one is begun."""


def read_table(path: Path = FILE) -> list[Cause]:
    """The causes in the order of the file; raises ValueError, naming the row, for one that is not complete."""
    return list(_read(path))


@cache
def _read(path: Path) -> tuple[Cause, ...]:
    rows: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_cause(name, row) for name, row in rows.items())


def _cause(name: str, row: Mapping[str, Any]) -> Cause:
    missing = {"sentence", "mend", "needs"} - {key for key, value in row.items() if value}
    unknown = set(row) - {"sentence", "mend", "overrides", "needs", "hints", *_FLAGS}
    if unknown or missing:
        raise ValueError(
            f"{name}: a cause has sentence, mend and needs, and may have overrides, hints, {', '.join(_FLAGS)}"
        )
    return Cause(
        name,
        " ".join(row["sentence"].split()),
        " ".join(row["mend"].split()),
        tuple(row.get("overrides", ())),
        tuple(_signs(name, signs) for signs in _alternatives(row["needs"])),
        _signs(name, row.get("hints", {})),
        bool(row.get("is_general", False)),
        bool(row.get("is_well", False)),
        bool(row.get("goes_on", False)),
    )


def _alternatives(needs: Any) -> list[Mapping[str, Any]]:
    return needs if isinstance(needs, list) else [needs]


def _signs(name: str, rows: Mapping[str, Any]) -> tuple[Sign, ...]:
    signs: list[Sign] = []
    for symptom, bounds in rows.items():
        begins, full = (float(value) for value in bounds)
        if begins == full:
            raise ValueError(f"{name}: {symptom} begins and is full at the same value")
        signs.append(Sign(symptom, begins, full))
    return tuple(signs)
