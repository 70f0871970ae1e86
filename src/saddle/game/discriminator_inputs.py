"""What a discriminator is shown in a turn, and how it is asked: by one pass over all, or a pass for each kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from saddle.game.turn import input_of
from saddle.loss.base import check_logits
from saddle.penalty.base import InputGradientPenalty, TermInputs, logits_and_input_gradient

Discriminator = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class DiscriminatorInputs:
    """What a discriminator is shown in one turn.

    `judge` gives D as a function of its input alone, for the kinds "real", "fake" and "between". `real` and `fake` are
    its inputs, (N, C, H, W) or (N, D), as many of both. D gives one logit per `packing` inputs, or `patches` logits per
    input. `view` makes, of D's logits by kind, what terms look at; None in a game that plays no terms. `together` gives
    D as a function of real and generated inputs in one batch, for one pass in place of two; None where that would not
    be the same (augmentations of each kind, `saddle.layer.per_sample`).
    """

    judge: Callable[[str], Discriminator]
    real: Tensor
    fake: Tensor
    packing: int = 1
    patches: int = 1
    view: Callable[[Mapping[str, Tensor]], TermInputs] | None = None
    together: Discriminator | None = None

    def logits(self, kind: str, inputs: Tensor) -> Tensor:
        """D's logits (M,) on `inputs` of one kind."""
        return self.checked(self.judge(kind)(inputs), inputs)

    def checked(self, logits: Tensor, inputs: Tensor) -> Tensor:
        """`logits`, if they are as many as they should be for `inputs`."""
        return check_logits(logits, len(inputs) // self.packing * self.patches)


def recording(scene: DiscriminatorInputs, head: nn.Module) -> tuple[DiscriminatorInputs, dict[str, Tensor]]:
    """`scene`, and what D's last layer `head` reads, (N, F) by kind, in the latest pass that the scene asks D for."""
    features: dict[str, Tensor] = {}

    def recorded(judge: Discriminator, *kinds: str) -> Discriminator:
        def ask(images: Tensor) -> Tensor:
            logits: list[Tensor] = []
            seen = input_of(head, lambda: logits.append(judge(images)))
            features.update(zip(kinds, seen.chunk(len(kinds)), strict=True))
            return logits[0]

        return ask

    together = scene.together and recorded(scene.together, "real", "fake")
    return replace(scene, judge=lambda kind: recorded(scene.judge(kind), kind), together=together), features


def judged(
    scene: DiscriminatorInputs, due: Mapping[str, InputGradientPenalty]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """D's logits on real and on generated inputs; and for penalties that are due there, by name, its input gradients
    from the same pass.
    """
    names = {kind: [name for name, penalty in due.items() if penalty.at == kind] for kind in ("real", "fake")}
    asked = {kind: _precision([due[name] for name in here]) for kind, here in names.items()}
    if scene.together is not None and asked["real"] == asked["fake"]:
        both = one_pass(scene, scene.together, torch.cat([scene.real, scene.fake]), asked["real"])
        halves = ((None, None) if values is None else values.chunk(2) for values in both)
        passes = dict(zip(names, zip(*halves, strict=True), strict=True))
    else:
        inputs = {"real": scene.real, "fake": scene.fake}
        passes = {kind: one_pass(scene, scene.judge(kind), values, asked[kind]) for kind, values in inputs.items()}
    logits = {kind: scene.checked(found[0], scene.real) for kind, found in passes.items()}  # as many of both
    return logits, {name: passes[kind][1] for kind, here in names.items() for name in here}


def _precision(penalties: list[InputGradientPenalty]) -> str | None:
    """In which precision a pass is taken for these penalties; None without any."""
    if not penalties:
        return None
    return "32" if any(penalty.precision == "32" for penalty in penalties) else "inherit"


def one_pass(
    scene: DiscriminatorInputs, judge: Discriminator, inputs: Tensor, precision: str | None
) -> tuple[Tensor, Tensor | None]:
    """D's logits, still to be checked; and where a precision says how it is to be taken, the gradient of each by what
    it was made of: one row per input, or per pack of them.

    Where an input has several logits, of its patches, the gradient is that of their mean.
    """
    if precision is None:
        return judge(inputs), None
    logits, gradient = logits_and_input_gradient(judge, inputs, precision)
    gradient = gradient / scene.patches
    packed = gradient if scene.packing == 1 else gradient.reshape(len(inputs) // scene.packing, -1)
    return logits, packed
