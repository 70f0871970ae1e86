"""Measures all symptoms of a run, and says what it could not see."""

from dataclasses import dataclass

import saddle.diagnosis.of_curves
import saddle.diagnosis.of_samples
import saddle.diagnosis.of_settings
import saddle.diagnosis.of_weights  # noqa: F401
from saddle.diagnosis.case import Case
from saddle.diagnosis.symptom import SYMPTOMS
from saddle.error import InputError, first_line
from saddle.run.finished import FinishedRun
from saddle.run.isolated import isolated


@dataclass(frozen=True)
class Examination:
    """The symptoms of a run by name, and what could not be seen, in words."""

    symptoms: dict[str, float]
    unseen: list[str]


@isolated()
def examine(run: FinishedRun) -> Examination:
    """Measure every symptom that the run shows. Trains nothing, and writes nothing."""
    case = Case(run)
    symptoms: dict[str, float] = {}
    reasons: dict[str, list[str]] = {}
    for name, symptom in SYMPTOMS.items():
        try:
            value = symptom.measure(case)
        except InputError as error:
            reasons.setdefault(str(error), []).append(name)
        except Exception as error:  # networks and data may be strangers' code, and one symptom less ends no diagnosis
            reasons.setdefault(f"{type(error).__name__}: {first_line(error)}", []).append(name)
        else:
            if value is not None:
                symptoms[name] = float(value)
    unseen = list(dict.fromkeys(case.unseen))
    unseen += [f"{', '.join(names)} ({reason})" for reason, names in reasons.items()]
    return Examination(symptoms, unseen)
