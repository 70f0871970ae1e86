"""Symptoms that stand in the settings of a run and in the counts of its checkpoint."""

from typing import Any

from saddle.diagnosis.case import Case
from saddle.diagnosis.symptom import symptom

_GRADIENT_PENALTIES = ("r1", "r2", "gradient_penalty", "dragan")
_TURNS = ("discriminator", "generator")


@symptom("1")
def rate_ratio(case: Case) -> float | None:
    """The learning rate of D times its updates for each of G's, over the learning rate of G."""
    rates = [_of_turn(case, turn, "lr") for turn in _TURNS]
    if case.discriminator is None or None in rates or not rates[1]:
        return None
    return float(rates[0]) * int(case.record["game"].get("n_critic", 1)) / float(rates[1])


@symptom("1 per step")
def largest_rate(case: Case) -> float | None:
    """The larger learning rate of Adam."""
    if not str(case.record["optimizer"].get("_target_", "")).startswith("torch.optim.Adam"):
        return None
    rates = [float(rate) for turn in _TURNS if (rate := _of_turn(case, turn, "lr")) is not None]
    return max(rates, default=None)


@symptom("1")
def momentum(case: Case) -> float | None:
    """The larger first decay factor of Adam, or momentum of SGD and RMSprop."""
    values: list[float] = []
    for turn in _TURNS:
        betas = _of_turn(case, turn, "betas")
        own = betas[0] if betas else _of_turn(case, turn, "momentum")
        values += [] if own is None else [float(own)]
    return max(values, default=None)


def _of_turn(case: Case, turn: str, name: str) -> Any:
    """A setting of the optimizer of a turn; the common one where the turn has none of its own."""
    node = case.record["optimizer"]
    own = node.get(turn)
    return own[name] if isinstance(own, dict) and name in own else node.get(name)


@symptom("penalties")
def gradient_penalties(case: Case) -> float | None:
    """How many penalties on D's input gradient there are."""
    if case.discriminator is None:
        return None
    return float(len(_gradient_penalties(case)))


@symptom("1")
def penalty_weight(case: Case) -> float | None:
    """The largest weight of a penalty on D's input gradient, 0 without one."""
    if case.discriminator is None:
        return None
    return max((float(node["weight"]) for node in _gradient_penalties(case)), default=0.0)


def _gradient_penalties(case: Case) -> list[dict[str, Any]]:
    nodes = case.record.get("penalty", {})
    return [node for name, node in nodes.items() if name in _GRADIENT_PENALTIES and node.get("weight", 0) > 0]


@symptom("layers")
def batch_norms_of_discriminator(case: Case) -> float | None:
    """How many layers of batch norm D has."""
    if case.discriminator is None:
        return None
    return float(sum(name.endswith("running_mean") for name in case.discriminator.state_dict()))


@symptom("iterations")
def iterations(case: Case) -> float:
    """The iterations before the checkpoint."""
    return float(case.run.iteration)


@symptom("images")
def training_images(case: Case) -> float:
    """The images, or points, that the run is trained on."""
    return float(len(case.run.data.training()[0]))


@symptom("passes")
def passes(case: Case) -> float:
    """How often the run has seen each of its images."""
    return case.run.images / max(1, len(case.run.data.training()[0]))


@symptom("1")
def half_life_share(case: Case) -> float | None:
    """The half-life of the average at the end, in images, over all images that were seen."""
    half_life = _half_life(case)
    return None if half_life is None else half_life / max(1, case.run.images)


@symptom("iterations")
def half_life_iterations(case: Case) -> float | None:
    """The half-life of the average at the end."""
    half_life = _half_life(case)
    return None if half_life is None else half_life / case.rows


def _half_life(case: Case) -> float | None:
    node = case.record["training"].get("ema")
    if not node:
        return None
    longest = float(node["half_life_images"])
    return min(longest, case.run.images * float(node["warmup"])) if node["warmup"] > 0 else longest


@symptom("1")
def loss_scale(case: Case) -> float | None:
    """The factor of losses in half precision, which halves at each overflow and begins at 65,536."""
    state = case.content.get("MixedPrecision")
    return float(state["scale"]) if isinstance(state, dict) and "scale" in state else None
