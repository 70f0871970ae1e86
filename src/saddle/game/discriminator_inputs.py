"""What a discriminator sees in a turn, its logits, and the gradients of its logits by what it sees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.game.networks import input_to
from saddle.game.turn import Moment
from saddle.loss.base import check_logits
from saddle.penalty.base import InputGradientPenalty, TermInputs, logits_and_input_gradient

LogitFunction = Callable[[Tensor], Tensor]
"""A discriminator as a function of its inputs alone: (N, ...) to logits (M,)."""

Precision = Literal["32", "inherit"]


@dataclass(frozen=True)
class DiscriminatorInputs:
    """The inputs of a discriminator in one turn, and the discriminator as a function of them.

    `discriminator` gives, for a kind of input ("real", "fake" or "between"), D behind the augmentations of that kind.
    `real` and `fake` are its inputs, (N, C, H, W) or (N, D), as many of both. D gives one logit per `packing` inputs,
    or `patches` logits per input. `term_inputs` makes the inputs of terms from D's logits by kind; it is None in a game
    that plays no terms. `together` is D as a function of real and generated inputs in one batch, so that one pass
    replaces two; it is None where the results would differ (augmentations by kind, `saddle.layer.per_sample`).
    """

    discriminator: Callable[[str], LogitFunction]
    real: Tensor
    fake: Tensor
    packing: int = 1
    patches: int = 1
    term_inputs: Callable[[Mapping[str, Tensor]], TermInputs] | None = None
    together: LogitFunction | None = None

    def logits(self, kind: str, inputs: Tensor) -> Tensor:
        """D's logits (M,) on `inputs` of one kind."""
        return self.checked(self.discriminator(kind)(inputs), inputs)

    def checked(self, logits: Tensor, inputs: Tensor) -> Tensor:
        """`logits` in at least float32; raises ValueError unless their number fits that of `inputs`."""
        return check_logits(logits, len(inputs) // self.packing * self.patches)


def logits_and_input_gradients(
    inputs: DiscriminatorInputs, penalties: Mapping[str, InputGradientPenalty], moment: Moment
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """D's logits (M,) on the "real" and "fake" inputs, and the input gradient that each of `penalties` needs, by name.

    Gradients at real or generated inputs share the pass of the logits. Real and generated inputs go through D in one
    pass where `inputs.together` allows it. Each penalty at points "between" takes a pass of its own.
    """
    precision = {kind: _precision_at(kind, penalties) for kind in ("real", "fake")}
    if inputs.together is not None and precision["real"] == precision["fake"]:
        logits, gradient_at = _one_pass_for_both(inputs, inputs.together, precision["real"])
    else:
        logits, gradient_at = {}, {}
        for kind, values in (("real", inputs.real), ("fake", inputs.fake)):
            logits[kind], gradient_at[kind] = _one_pass(inputs, inputs.discriminator(kind), values, precision[kind])
    for kind, values in logits.items():
        logits[kind] = inputs.checked(values, inputs.real)  # there are as many generated inputs

    gradients = {}
    for name, penalty in penalties.items():
        gradient = _gradient_between(inputs, penalty, moment) if penalty.at == "between" else gradient_at[penalty.at]
        assert gradient is not None, "the precision says that this pass takes a gradient"
        gradients[name] = gradient
    return logits, gradients


def recording_features(inputs: DiscriminatorInputs, head: nn.Module) -> tuple[DiscriminatorInputs, dict[str, Tensor]]:
    """`inputs`, and a dictionary of what D's last layer `head` reads, (N, F) by kind, in the latest pass over them."""
    features: dict[str, Tensor] = {}

    def recorded(discriminator: LogitFunction, *kinds: str) -> LogitFunction:
        def logits_of(images: Tensor) -> Tensor:
            logits: list[Tensor] = []
            read = input_to(head, lambda: logits.append(discriminator(images)))
            features.update(zip(kinds, read.chunk(len(kinds)), strict=True))
            return logits[0]

        return logits_of

    together = None if inputs.together is None else recorded(inputs.together, "real", "fake")
    return replace(
        inputs, discriminator=lambda kind: recorded(inputs.discriminator(kind), kind), together=together
    ), features


def _precision_at(kind: str, penalties: Mapping[str, InputGradientPenalty]) -> Precision | None:
    """The precision of the pass over inputs of one kind that `penalties` need; None if none needs its gradient."""
    precisions = [_precision_of(penalty) for penalty in penalties.values() if penalty.at == kind]
    if not precisions:
        return None
    return "32" if "32" in precisions else "inherit"


def _precision_of(penalty: InputGradientPenalty) -> Precision:
    return "inherit" if penalty.precision == "inherit" else "32"


def _gradient_between(inputs: DiscriminatorInputs, penalty: InputGradientPenalty, moment: Moment) -> Tensor | None:
    """The gradient of D's logits at points that belong to `penalty` alone."""
    points = penalty.points(inputs.real, inputs.fake, _equal_in_packs(moment, inputs.packing))
    logits, gradient = _one_pass(inputs, inputs.discriminator("between"), points, _precision_of(penalty))
    inputs.checked(logits, points)
    return gradient


def _equal_in_packs(moment: Moment, packing: int) -> Moment:
    """`moment` with uniform numbers that are equal for all inputs of a pack."""
    if packing == 1:
        return moment

    def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
        return moment.uniform(purpose, shape)[::packing].repeat_interleave(packing, 0)

    return replace(moment, uniform=uniform)


def _one_pass_for_both(
    inputs: DiscriminatorInputs, together: LogitFunction, precision: Precision | None
) -> tuple[dict[str, Tensor], dict[str, Tensor | None]]:
    both, gradient = _one_pass(inputs, together, torch.cat([inputs.real, inputs.fake]), precision)
    real, fake = both.chunk(2)
    slopes = (None, None) if gradient is None else gradient.chunk(2)
    return {"real": real, "fake": fake}, {"real": slopes[0], "fake": slopes[1]}


def _one_pass(
    inputs: DiscriminatorInputs, discriminator: LogitFunction, values: Tensor, precision: Precision | None
) -> tuple[Tensor, Tensor | None]:
    """D's logits on `values`, still to be checked, and their gradient if a `precision` is given.

    The gradient has one row per input, or per pack of inputs. Where an input has several logits, of its patches, it is
    the gradient of their mean.
    """
    if precision is None:
        return discriminator(values), None
    logits, gradient = logits_and_input_gradient(discriminator, values, precision)
    gradient = gradient / inputs.patches
    if inputs.packing > 1:
        gradient = gradient.reshape(len(values) // inputs.packing, -1)
    return logits, gradient
