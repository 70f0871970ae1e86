"""What a symptom is: a number that is measured on a run, with its unit and its meaning in words."""

from collections.abc import Callable
from dataclasses import dataclass

from saddle.diagnosis.case import Case

Measure = Callable[[Case], float | None]
"""Measures a run; None where the run does not show it."""


@dataclass(frozen=True)
class Symptom:
    """A number that a run shows: `text` says what it is, `unit` in which unit; 1 stands for a pure number."""

    name: str
    unit: str
    text: str
    measure: Measure


SYMPTOMS: dict[str, Symptom] = {}
"""All symptoms by name, once the files that measure them are imported."""


def symptom(unit: str) -> Callable[[Measure], Measure]:
    """Make a function a symptom of its own name; the first line of its docstring says what it is."""

    def add(measure: Measure) -> Measure:
        name, text = measure.__name__, (measure.__doc__ or "").strip().splitlines()[0]
        SYMPTOMS[name] = Symptom(name, unit, text.rstrip("."), measure)
        return measure

    return add
