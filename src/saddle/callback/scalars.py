"""The scalars of the last iteration that become curves, and their names."""

import saddle.compat  # noqa: F401  isort: skip
import torch
from torch import Tensor

from saddle.game.adversarial_objective import objective_of
from saddle.training.module import GameModule

_PROBABILITIES = {"real": "probability/D_x", "fake": "probability/D_G_z"}
_RANKED = "probability/real_above_fake"


def scalars_of(module: GameModule) -> dict[str, Tensor]:
    """Losses and their terms per turn, D's mean logits and what they say in probabilities, and gradient norms.

    The probabilities are D(x) and D(G(z)) where the loss gives a logit's sign a meaning. Under other losses a sigmoid
    of one logit says nothing, so there it is `real_above_fake`.
    """
    scalars: dict[str, Tensor] = {}
    for name, played in module.played.items():
        scalars[f"loss/{name}"] = torch.stack(list(played.terms.values())).sum()
        for term, value in played.terms.items():
            scalars[f"loss/{name}/{term}"] = value
    observed = next((p.observed for p in module.played.values() if "real" in p.observed), {})
    if {"real", "fake"} <= observed.keys():
        scalars |= {f"logit/{kind}": observed[kind].mean() for kind in ("real", "fake")}
        scalars |= _probabilities(module, observed["real"], observed["fake"])
    for name, state in module.state.items():
        for buffer in getattr(state, "shown", ()):
            scalars[f"{name}/{buffer}"] = getattr(state, buffer)
    for name, norm in module.gradient_norms.items():
        scalars[f"gradient_norm/{name}"] = norm
    return scalars


def _probabilities(module: GameModule, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """What D's logits on real (N,) and generated (M,) images say, by name."""
    if not sign_is_meaningful(module):
        return {_RANKED: real_above_fake(real, fake)}
    logits = {"real": real, "fake": fake}
    return {name: logits[kind].sigmoid().mean() for kind, name in _PROBABILITIES.items()}


def sign_is_meaningful(module: GameModule) -> bool:
    """Whether the sign of one of D's logits says "real" or "generated" under the game's loss."""
    objective = objective_of(module.game)
    return objective is None or objective.loss.logit_sign_is_meaningful


def real_above_fake(real: Tensor, fake: Tensor) -> Tensor:
    """The share, in [0, 1], of pairs of logits `real` (N,) and `fake` (M,) in which the real one is higher: a scalar.

    All N M pairs count, ties half. It is the area under the ROC curve: 1 where D is always right, 1/2 where it guesses.
    """
    ordered = fake.sort().values
    below = torch.searchsorted(ordered, real.contiguous())
    not_above = torch.searchsorted(ordered, real.contiguous(), right=True)
    return (below + not_above).float().mean() / (2 * len(fake))


def names_of_scalars(module: GameModule) -> list[str]:
    """The names of `scalars_of` that are known before training; terms of losses are known only once they are computed.

    Where there is a discriminator of images, its logits are taken to be observed.
    """
    names = [f"loss/{turn.name}" for turn in module.turns]
    if "loss/discriminator" in names and "code_discriminator" not in module.game.needs:
        names += ["logit/real", "logit/fake"]
        names += _PROBABILITIES.values() if sign_is_meaningful(module) else [_RANKED]
    for name, state in module.state.items():
        names += [f"{name}/{buffer}" for buffer in getattr(state, "shown", ())]
    return names + [f"gradient_norm/{network}" for network in module.game.needs]
