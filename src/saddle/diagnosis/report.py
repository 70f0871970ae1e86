"""A diagnosis in words and as plain values."""

import math
from dataclasses import dataclass
from typing import Any

from saddle.diagnosis.examine import Examination, examine
from saddle.diagnosis.judge import Diagnosis, Evidence, judged
from saddle.diagnosis.mend import command_of, settings_of
from saddle.diagnosis.symptom import SYMPTOMS
from saddle.diagnosis.table import read_table
from saddle.run.finished import FinishedRun

_OTHERS = 3  # further causes that are shown


@dataclass(frozen=True)
class Report:
    """What a run suffers from: causes by their scores, all symptoms, and what could not be seen."""

    run: FinishedRun
    examination: Examination
    diagnoses: list[Diagnosis]

    @property
    def is_healthy(self) -> bool:
        """Whether no cause fits, and the samples, without which nothing is known, were seen."""
        return not self.ills and "distance" in self.examination.symptoms

    @property
    def ills(self) -> list[Diagnosis]:
        """The causes without what is said of healthy runs."""
        return [diagnosis for diagnosis in self.diagnoses if not diagnosis.cause.is_well]

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "run": str(self.run.path),
            "iteration": self.run.iteration,
            "healthy": self.is_healthy,
            "causes": [self._cause_as_json(diagnosis) for diagnosis in self.diagnoses],
            "symptoms": {name: _plain(value) for name, value in self.examination.symptoms.items()},
            "unseen": self.examination.unseen,
        }

    def _cause_as_json(self, diagnosis: Diagnosis) -> dict[str, Any]:
        return {
            "name": diagnosis.cause.name,
            "sentence": diagnosis.cause.sentence,
            "score": round(diagnosis.score, 3),
            "sureness": diagnosis.sureness,
            "evidence": {evidence.sign.symptom: _plain(evidence.value) for evidence in diagnosis.evidence},
            "mend": diagnosis.cause.mend,
            "settings": settings_of(diagnosis.cause, self.run),
            "command": command_of(diagnosis.cause, self.run),
        }

    def in_words(self) -> str:
        """The most likely cause, its evidence and what to do; other causes and what was not seen in a line each."""
        lines = self._of_first() if self.ills else self._of_healthy()
        for diagnosis in self.ills[1 : 1 + _OTHERS]:
            lines += ["", f"also {diagnosis.sureness}: {diagnosis.cause.name}. {diagnosis.cause.sentence}"]
        lines += ["", *(f"not seen: {text}" for text in self.examination.unseen)] if self.examination.unseen else []
        return "\n".join(lines)

    def _of_first(self) -> list[str]:
        first = self.ills[0]
        lines = [f"{first.cause.name} ({first.sureness})", f"  {first.cause.sentence}", "", "evidence"]
        lines += [f"  {line}" for line in _table([_row(evidence) for evidence in first.evidence])]
        lines += ["", "what to do", f"  {first.cause.mend}"]
        command = command_of(first.cause, self.run)
        if command is not None:
            lines.append(f"  {command}")
        if len(self.ills) > 1:
            lines.append("  Mend this one first, and look again.")
        return [*lines, "", f"more about it: docs/diagnosis.md, {first.cause.name}"]

    def _of_healthy(self) -> list[str]:
        if not self.is_healthy:
            return [
                "undecided",
                "  No cause in the table fits what could be seen, which is not enough to call it healthy.",
            ]
        lines = [
            "healthy",
            "  No cause in the table fits what the run shows. How good its samples are is another question.",
        ]
        for diagnosis in self.diagnoses:
            lines.append(f"  {diagnosis.cause.sentence} {diagnosis.cause.mend}")
            command = command_of(diagnosis.cause, self.run)
            lines += [] if command is None else [f"  {command}"]
        return lines


def diagnose(run: FinishedRun) -> Report:
    """Examine a run and judge it by the table of causes; trains nothing and writes nothing."""
    examination = examine(run)
    return Report(run, examination, judged(read_table(), examination.symptoms))


def _row(evidence: Evidence) -> tuple[str, str, str, str]:
    """A symptom, its value, where evidence begins, and what the symptom is."""
    sign, symptom = evidence.sign, SYMPTOMS[evidence.sign.symptom]
    direction = "above" if sign.full > sign.begins else "below"
    unit = "" if symptom.unit == "1" else f" {symptom.unit}"
    return symptom.name, f"{evidence.value:.3g}{unit}", f"suspect {direction} {sign.begins:g}", symptom.text


def _table(rows: list[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _plain(value: float) -> float | None:
    """A number that JSON has; None for those that are not finite."""
    return value if math.isfinite(value) else None
