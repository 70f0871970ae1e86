"""Symptoms that the curves of metrics.csv and the alarms in summary.json show."""

import math

from saddle.callback.alarm import COLLAPSE
from saddle.diagnosis.case import Case
from saddle.diagnosis.measures import last_part, median, spikes, swing
from saddle.diagnosis.symptom import symptom
from saddle.run.folder import summary_of

_HALF = 0.5
_FEWEST = 4  # logged values, fewer are no curve


@symptom("values")
def not_finite(case: Case) -> float | None:
    """How many logged losses, logits and gradient norms are not finite numbers."""
    if not case.curves:
        return None
    names = [name for name in case.curves if name.startswith(("loss/", "logit/", "gradient_norm/"))]
    return float(sum(not math.isfinite(value) for name in names for value in case.curve(name)))


@symptom("1")
def loss_swing(case: Case) -> float | None:
    """How D's loss swings from one logged value to the next in the second half, in units of its size."""
    return _of_half(case, "loss/discriminator", swing)


@symptom("1")
def gradient_spikes(case: Case) -> float | None:
    """The largest gradient norm of D or G in the second half over its median."""
    found = [_of_half(case, f"gradient_norm/{name}", spikes) for name in ("discriminator", "generator")]
    return max((value for value in found if value is not None), default=None)


@symptom("1")
def gradient_norm(case: Case) -> float | None:
    """The median gradient norm of D in the second half."""
    return _of_half(case, "gradient_norm/discriminator", median)


@symptom("1")
def generator_gradient_norm(case: Case) -> float | None:
    """The median gradient norm of G in the second half."""
    return _of_half(case, "gradient_norm/generator", median)


@symptom("1")
def loss_size(case: Case) -> float | None:
    """The median size of D's loss in the second half."""
    return _of_half(case, "loss/discriminator", lambda values: median([abs(value) for value in values]))


@symptom("1")
def gradient_growth(case: Case) -> float | None:
    """D's largest input gradient at images over its first one in the run."""
    grown: list[float] = []
    for kind in ("real", "fake"):
        values = case.curve(f"health/input_gradient_{kind}")
        if len(values) > 1 and values[0] > 0:
            grown.append(max(values[1:]) / values[0])
    return max(grown, default=None)


@symptom("1")
def signal_share(case: Case) -> float | None:
    """The last gradient that reached G's samples, over the largest of the run."""
    values = [value for value in case.curve("health/signal") if math.isfinite(value)]
    return values[-1] / max(values) if values and max(values) > 0 else None


@symptom("1")
def separation(case: Case) -> float | None:
    """The probability that D ranked a real image above a sample, in the last half of the checks."""
    values = case.curve("health/separation")
    return sum(last_part(values, _HALF)) / len(last_part(values, _HALF)) if values else None


@symptom("1")
def frechet_fall(case: Case) -> float | None:
    """The share by which metric/frechet fell from the value at half of the run to the last one."""
    if "metric/frechet" not in case.curves:
        return None
    curve = case.curves["metric/frechet"]
    before = [value for at, value in zip(*curve, strict=True) if at <= case.run.iteration / 2]
    if not before or before[-1] <= 0:
        return None
    return 1 - curve.values[-1] / before[-1]


@symptom("alarms")
def collapse_alarms(case: Case) -> float | None:
    """How many alarms for samples that are too much alike rang at the end."""
    ended = {} if case.run.folder is None else summary_of(case.run.folder)
    return float(len(set(COLLAPSE) & set(ended["alarms"]))) if "alarms" in ended else None


def _of_half(case: Case, name: str, measure) -> float | None:  # type: ignore[no-untyped-def]
    values = last_part(case.curve(name), _HALF) if case.curve(name) else []
    values = [value for value in values if not math.isnan(value)]
    return float(measure(values)) if len(values) >= _FEWEST else None
