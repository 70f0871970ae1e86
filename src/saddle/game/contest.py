"""A discriminator against whatever makes its generated inputs: the part that adversarial games have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from saddle.augmentation.base import Augmentation, Uniform
from saddle.game.turn import Batch, Moment, Networks, Played, given, input_of
from saddle.layer.apart import treats_apart
from saddle.loss.base import Loss, check_logits
from saddle.penalty.base import InputGradientPenalty, Term, View, WeightConstraint, logits_and_input_gradient

Penalty = InputGradientPenalty | WeightConstraint | Term
Discriminator = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Scene:
    """What a discriminator is shown in one turn.

    `judge` gives D as a function of its input alone, for the kinds "real", "fake" and "between". `real` and `fake` are
    its inputs, (N, C, H, W) or (N, D), as many of both. D gives one logit per `packing` inputs, or `patches` logits per
    input. `view` makes, of D's logits by kind, what terms look at; None in a game that plays no terms. `together` gives
    D as a function of real and generated inputs in one batch, for one pass in place of two; None where that would not
    be the same (augmentations of each kind, `saddle.layer.apart`).
    """

    judge: Callable[[str], Discriminator]
    real: Tensor
    fake: Tensor
    packing: int = 1
    patches: int = 1
    view: Callable[[Mapping[str, Tensor]], View] | None = None
    together: Discriminator | None = None

    def logits(self, kind: str, inputs: Tensor) -> Tensor:
        """D's logits (M,) on `inputs` of one kind."""
        return self.checked(self.judge(kind)(inputs), inputs)

    def checked(self, logits: Tensor, inputs: Tensor) -> Tensor:
        """`logits`, if they are as many as they should be for `inputs`."""
        return check_logits(logits, len(inputs) // self.packing * self.patches)


@dataclass(frozen=True)
class Contest:
    """A loss, penalties and augmentations, played by one discriminator.

    D minimises the loss's discriminator objective plus the input-gradient penalties and its share of the terms, after
    which weight constraints hold; its opponent minimises the generator objective plus its share of the terms. D sees
    every image through the `augmentations`, one after the other; numbers of their own are drawn for real images,
    generated ones, and points between.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)

    @property
    def constraints(self) -> tuple[WeightConstraint, ...]:
        """What holds of D's weights after its step."""
        return tuple(self._of_kind(WeightConstraint).values())

    def state(self) -> dict[str, nn.Module]:
        """What terms and augmentations remember, by name."""
        parts = {name: term.state for name, term in self._of_kind(Term).items()} | {**self.augmentations}
        return {name: part for name, part in parts.items() if part is not None and any(True for _ in part.buffers())}

    def observe(self, observed: Mapping[str, Tensor]) -> None:
        """Tell what remembers D's logits on the real and generated images of the iteration, after D's step."""
        for term in self._of_kind(Term).values():
            term.observe(observed["real"], observed["fake"])
        for augmentation in self.augmentations.values():
            augmentation.observe(observed["real"], observed["images"].sum())

    def discriminator_loss(self, scene: Scene, moment: Moment) -> Played:
        """Adversarial term, input-gradient penalties and terms of D."""
        due = {name: p for name, p in self._of_kind(InputGradientPenalty).items() if p.due(moment.iteration)}
        logits, gradients = _judged(scene, due)
        terms = {"adversarial": self._adversarial(self.loss.discriminator, moment, logits["real"], logits["fake"])}
        for name, penalty in due.items():
            if penalty.at == "between":
                points = penalty.points(scene.real, scene.fake, _for_packs(moment, scene.packing))
                gradients[name] = _pass(scene, scene.judge("between"), points, penalty.precision)[1]
            terms[name] = moment.now(penalty.gain) * penalty.values(gradients[name]).mean()
        for name, (term, view) in self._terms(scene, logits, moment.iteration).items():
            _add(terms, name, term, term.discriminator(view), moment)
        observed = {kind: values.detach() for kind, values in logits.items()}
        if self.augmentations:  # logits may be fewer or more
            observed["images"] = torch.full((1,), len(scene.real), device=scene.real.device)
        return Played(terms, observed)

    def generator_loss(self, scene: Scene, moment: Moment, turn: int) -> Played:
        """Adversarial term and terms of D's opponent in its turn number `turn`, from 0; D is not trained."""
        logits = {"fake": scene.logits("fake", scene.fake)}
        compared = [logits["fake"]]
        if self.loss.generator_needs_real:
            with torch.no_grad():
                compared.append(scene.logits("real", scene.real))
        terms = {"adversarial": self._adversarial(self.loss.generator, moment, *compared)}
        for name, (term, view) in self._terms(scene, logits, turn).items():
            _add(terms, name, term, term.generator(view), moment)
        return Played(terms, {"fake": logits["fake"].detach()})

    def opponents_loss(self, scene: Scene, moment: Moment) -> Played:
        """Adversarial term of opponents that make something of both, of what is `real` and of what is `fake`."""
        logits = {kind: scene.logits(kind, values) for kind, values in (("real", scene.real), ("fake", scene.fake))}
        terms = {"adversarial": self._adversarial(self.loss.opponent, moment, logits["real"], logits["fake"])}
        return Played(terms, {kind: values.detach() for kind, values in logits.items()})

    def seen(self, judge: Discriminator, moment: Moment) -> Callable[[str], Discriminator]:
        """`judge` behind the augmentations, by kind of image."""

        def of(kind: str) -> Discriminator:
            def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
                return moment.uniform(f"{kind}.{purpose}", shape)

            return lambda images: judge(self._augmented(images, uniform))

        return of if self.augmentations else lambda kind: judge

    def _augmented(self, images: Tensor, uniform: Uniform) -> Tensor:
        for augmentation in self.augmentations.values():
            images = augmentation(images, uniform)
        return images

    def _of_kind(self, kind: type) -> dict[str, Penalty]:
        return {name: penalty for name, penalty in self.penalties.items() if isinstance(penalty, kind)}

    def _terms(self, scene: Scene, logits: Mapping[str, Tensor], turn: int) -> dict[str, tuple[Term, View]]:
        """Those that are due in a player's turn number `turn`, from 0, and what they look at."""
        due = {name: term for name, term in self._of_kind(Term).items() if term.due(turn)}
        if not due:
            return {}
        assert scene.view is not None, "a game says in `plays` whether it plays terms"
        return {name: (term, scene.view(logits)) for name, term in due.items()}

    def _adversarial(self, objective: Callable[..., Tensor], moment: Moment, *logits: Tensor) -> Tensor:
        """The mean of a loss's objective; over the logits of all ranks where a value depends on the whole batch."""
        if self.loss.over_batch:
            logits = tuple(moment.gather(values) for values in logits)
        return objective(*logits).mean()


def generated(generator: nn.Module, batch: Batch, moment: Moment) -> tuple[Tensor, Tensor]:
    """A latent (N, latent_dim) and the images (N, C, H, W) that G makes of it, as many as the batch has."""
    latent = moment.noise("latent", (len(batch["image"]), generator.latent_dim))
    return latent, given(generator, batch)(latent)


def image_scene(
    contest: Contest, networks: Networks, batch: Batch, moment: Moment, latent: Tensor, fake: Tensor
) -> Scene:
    """The network "discriminator" before the batch's real images and `fake`, which G made of `latent`."""
    network = networks["discriminator"]
    seen = contest.seen(given(network, batch), moment)

    def view(logits: Mapping[str, Tensor]) -> View:
        return View(
            networks=networks,
            real=batch["image"],
            fake=fake,
            latent=latent,
            logits=logits,
            discriminate=lambda images, kind: scene.logits(kind, images),
            features=lambda images, kind: input_of(network.head, lambda: seen(kind)(images)),
            generate=given(networks["generator"], batch),
            chance=moment,
        )

    together = None if contest.augmentations or not treats_apart(network) else given(network, batch, copies=2)
    scene = Scene(seen, batch["image"], fake, getattr(network, "packing", 1), view=view, together=together)
    return scene


def recording(scene: Scene, head: nn.Module) -> tuple[Scene, dict[str, Tensor]]:
    """`scene`, and what D's last layer `head` reads, (N, F) by kind, in the latest pass that the scene asks D for."""
    features: dict[str, Tensor] = {}

    def judge(kind: str) -> Discriminator:
        def recorded(images: Tensor) -> Tensor:
            logits: list[Tensor] = []
            features[kind] = input_of(head, lambda: logits.append(scene.judge(kind)(images)))
            return logits[0]

        return recorded

    def together(images: Tensor) -> Tensor:
        logits: list[Tensor] = []
        both = input_of(head, lambda: logits.append(scene.together(images)))
        features["real"], features["fake"] = both.chunk(2)
        return logits[0]

    return replace(scene, judge=judge, together=together if scene.together is not None else None), features


def _judged(scene: Scene, due: Mapping[str, InputGradientPenalty]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """D's logits on real and on generated inputs; and for penalties that are due there, by name, its input gradients
    from the same pass.
    """
    names = {kind: [name for name, penalty in due.items() if penalty.at == kind] for kind in ("real", "fake")}
    asked = {kind: _precision([due[name] for name in here]) for kind, here in names.items()}
    if scene.together is not None and asked["real"] == asked["fake"]:
        both = _pass(scene, scene.together, torch.cat([scene.real, scene.fake]), asked["real"])
        halves = [(None, None) if values is None else values.chunk(2) for values in both]
        passes = {"real": (halves[0][0], halves[1][0]), "fake": (halves[0][1], halves[1][1])}
    else:
        inputs = {"real": scene.real, "fake": scene.fake}
        passes = {kind: _pass(scene, scene.judge(kind), values, asked[kind]) for kind, values in inputs.items()}
    logits = {kind: found[0] for kind, found in passes.items()}
    return logits, {name: passes[kind][1] for kind, here in names.items() for name in here}


def _precision(penalties: list[InputGradientPenalty]) -> str | None:
    """In which precision a pass is taken for these penalties; None without any."""
    if not penalties:
        return None
    return "32" if any(penalty.precision == "32" for penalty in penalties) else "inherit"


def _pass(scene: Scene, judge: Discriminator, inputs: Tensor, precision: str | None) -> tuple[Tensor, Tensor | None]:
    """D's logits; and where a precision says how it is to be taken, the gradient of each by what it was made of: one
    row per input, or per pack of them.

    Where an input has several logits, of its patches, the gradient is that of their mean.
    """
    if precision is None:
        return scene.checked(judge(inputs), inputs), None
    logits, gradient = logits_and_input_gradient(judge, inputs, precision)
    gradient = gradient / scene.patches
    packed = gradient if scene.packing == 1 else gradient.reshape(len(inputs) // scene.packing, -1)
    return scene.checked(logits, inputs), packed


def _for_packs(moment: Moment, packing: int) -> Moment:
    """`moment`, whose uniform numbers are the same for all inputs of a pack."""
    if packing == 1:
        return moment

    def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
        return moment.uniform(purpose, shape)[::packing].repeat_interleave(packing, 0)

    return replace(moment, uniform=uniform)


def _add(terms: dict[str, Tensor], name: str, term: Term, value: Tensor | None, moment: Moment) -> None:
    if value is not None:
        terms[name] = moment.now(term.gain) * value
