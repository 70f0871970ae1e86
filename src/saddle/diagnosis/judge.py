"""Compares the symptoms of a run with the table of causes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from saddle.diagnosis.table import Cause, Sign

NAMED = 0.5
"""The score from which a cause is named."""

Sureness = Literal["sure", "likely", "possible"]


@dataclass(frozen=True)
class Evidence:
    """A sign that shows, its symptom's value, and how strongly, in (0, 1]."""

    sign: Sign
    value: float
    strength: float


@dataclass(frozen=True)
class Diagnosis:
    """A cause with its score in [0, 1], and the evidence for it, strongest first."""

    cause: Cause
    score: float
    evidence: tuple[Evidence, ...]

    @property
    def sureness(self) -> Sureness:
        """The score in words."""
        if self.score >= 0.9:
            return "sure"
        return "likely" if self.score >= 0.7 else "possible"


def judged(table: Sequence[Cause], symptoms: Mapping[str, float]) -> list[Diagnosis]:
    """The causes whose score is at least `NAMED`, highest first; empty for a healthy run.

    Of equal scores the one that stands first in the table comes first. General causes come behind those, and what only
    holds of healthy runs comes last.
    """
    found = [_diagnosed(cause, symptoms) for cause in table]
    named = [diagnosis for diagnosis in found if diagnosis.score >= NAMED]
    return sorted(named, key=_place)


def _place(diagnosis: Diagnosis) -> tuple[bool, bool, float]:
    return diagnosis.cause.is_well, diagnosis.cause.is_general, -diagnosis.score


def _diagnosed(cause: Cause, symptoms: Mapping[str, float]) -> Diagnosis:
    """The score of a cause: its weakest need, halved where none of its hints shows.

    A need that was not seen counts as missing, and a hint that was not seen does not count.
    """
    lists = [[_evidence(sign, symptoms) for sign in signs] for signs in cause.needs]
    needs = max(lists, key=_weakest)
    hints = [_evidence(sign, symptoms) for sign in cause.hints if sign.symptom in symptoms]
    support = sum(evidence.strength for evidence in hints) / len(hints) if hints else 1.0
    shown = [evidence for evidence in (*needs, *hints) if evidence.strength > 0]
    shown.sort(key=lambda evidence: -evidence.strength)
    return Diagnosis(cause, _weakest(needs) * (0.5 + 0.5 * support), tuple(shown))


def _weakest(needs: Sequence[Evidence]) -> float:
    return min(evidence.strength for evidence in needs)


def _evidence(sign: Sign, symptoms: Mapping[str, float]) -> Evidence:
    if sign.symptom not in symptoms:
        return Evidence(sign, float("nan"), 0.0)
    value = symptoms[sign.symptom]
    return Evidence(sign, value, sign.strength(value))
