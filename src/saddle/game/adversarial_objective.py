"""A discriminator against whatever makes its generated inputs: the part that adversarial games have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from saddle.augmentation.base import Augmentation, Uniform
from saddle.game.discriminator_inputs import Discriminator, DiscriminatorInputs, judged, one_pass
from saddle.game.turn import Batch, Moment, Networks, Played, given, input_of
from saddle.layer.per_sample import is_per_sample
from saddle.loss.base import Loss
from saddle.penalty.base import InputGradientPenalty, Term, TermInputs, WeightConstraint

Penalty = InputGradientPenalty | WeightConstraint | Term


@dataclass(frozen=True)
class AdversarialObjective:
    """A loss, penalties and augmentations, played by one discriminator.

    D minimizes the loss's discriminator objective plus the input-gradient penalties and its share of the terms, after
    which weight constraints hold; its opponent minimizes the generator objective plus its share of the terms. D sees
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

    def discriminator_loss(self, scene: DiscriminatorInputs, moment: Moment) -> Played:
        """Adversarial term, input-gradient penalties and terms of D."""
        due = {name: p for name, p in self._of_kind(InputGradientPenalty).items() if p.due(moment.iteration)}
        logits, gradients = judged(scene, due)
        terms = {"adversarial": self._adversarial(self.loss.discriminator, moment, logits["real"], logits["fake"])}
        for name, penalty in due.items():
            if penalty.at == "between":
                points = penalty.points(scene.real, scene.fake, _for_packs(moment, scene.packing))
                logits_between, gradients[name] = one_pass(scene, scene.judge("between"), points, penalty.precision)
                scene.checked(logits_between, points)
            terms[name] = moment.now(penalty.gain) * penalty.values(gradients[name]).mean()
        for name, (term, view) in self._terms(scene, logits, moment.iteration).items():
            _add(terms, name, term, term.discriminator(view), moment)
        observed = {kind: values.detach() for kind, values in logits.items()}
        if self.augmentations:  # logits may be fewer or more
            observed["images"] = torch.full((1,), len(scene.real), device=scene.real.device)
        return Played(terms, observed)

    def generator_loss(self, scene: DiscriminatorInputs, moment: Moment, turn: int) -> Played:
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

    def opponents_loss(self, scene: DiscriminatorInputs, moment: Moment) -> Played:
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

    def _terms(
        self, scene: DiscriminatorInputs, logits: Mapping[str, Tensor], turn: int
    ) -> dict[str, tuple[Term, TermInputs]]:
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
    """A latent (N, latent_dim) and the images (N, C, H, W) that G makes of it, as many as the batch has.

    They are the same in all turns of an iteration, whose labels must be the same, until G is trained.
    """
    latent = moment.noise("latent", (len(batch["image"]), generator.latent_dim))
    return latent, moment.once(generator, lambda: given(generator, batch)(latent))


def image_inputs(
    objective: AdversarialObjective, networks: Networks, batch: Batch, moment: Moment, latent: Tensor, fake: Tensor
) -> DiscriminatorInputs:
    """The network "discriminator" before the batch's real images and `fake`, which G made of `latent`."""
    network = networks["discriminator"]
    seen = objective.seen(given(network, batch), moment)

    def view(logits: Mapping[str, Tensor]) -> TermInputs:
        return TermInputs(
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

    together = None if objective.augmentations or not is_per_sample(network) else given(network, batch, copies=2)
    scene = DiscriminatorInputs(
        seen, batch["image"], fake, getattr(network, "packing", 1), view=view, together=together
    )
    return scene


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
