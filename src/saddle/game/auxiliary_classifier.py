"""The GAN with an auxiliary classifier, AC-GAN (Odena et al. 2017, arXiv 1610.09585)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from saddle.augmentation.base import Augmentation
from saddle.bound import Count, NonNegative, SizeOrNone
from saddle.game.adversarial_objective import AdversarialObjective, Penalty, generated, image_inputs
from saddle.game.discriminator_inputs import DiscriminatorInputs, recording
from saddle.game.encoding import precise
from saddle.game.turn import Batch, Game, LabeledSamples, Moment, Networks, Played, Turn, check_weights, input_of
from saddle.loss.base import Loss
from saddle.penalty.base import InputGradientPenalty, Term

_SHOWN = 10


@dataclass(frozen=True)
class AuxiliaryClassifier(Game):
    """D's turn with the classifier's, then G's: G is told the class, D is not, and the classifier reads it in images.

    The paper's D maximizes L_S + L_C and G L_C - L_S (section 3): L_S (eq. 2) says how well real is told from
    generated, for which any loss can stand, and L_C (eq. 3) how well classes are read,
    E[log P(class | x)] + E[log P(class | G(z, class))]. So L_C has the same sign for both: D and the classifier
    minimize its two cross entropies, `class_real` and `class_fake`, and G the second, which alone depends on it,
    `class_generator`. The `classifier` reads D's features, so D's own layers learn both.
    `classes` are those of the labels. Raises ValueError if that is 0, or unless `weights` has exactly those three.
    """

    loss: Loss
    classes: SizeOrNone
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    n_critic: Count = 1
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)
    weights: Mapping[str, NonNegative] = field(
        default_factory=lambda: {"class_real": 1.0, "class_fake": 1.0, "class_generator": 1.0}
    )

    needs = ("generator", "discriminator", "classifier")
    measures = ("class_accuracy", "as_asked")
    plays = (InputGradientPenalty, Term)  # a constraint would hold of the classifier's weights, too

    def __post_init__(self) -> None:
        check_weights(self.weights, ("class_real", "class_fake", "class_generator"))
        if self.classes == 0:
            raise ValueError(
                "this game's classifier learns from labels, but data.classes=0: the data has none; use data that has "
                "labels, or game=adversarial"
            )

    @property
    def objective(self) -> AdversarialObjective:
        return AdversarialObjective(self.loss, self.penalties, self.augmentations)

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        return {
            "generator": {"conditional": True},
            "discriminator": {"conditional": False},
            "classifier": {"outputs": self.classes},
        }

    def turns(self) -> tuple[Turn, ...]:
        trained = ("discriminator", "classifier")
        after = self.objective.observe if self.state() else None
        return (
            Turn("discriminator", trained, self.discriminator_loss, after=after),
            Turn("generator", ("generator",), self.generator_loss, every=self.n_critic),
        )

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The objective's terms of D, and the cross entropies of classes in real and in generated images."""
        with torch.no_grad():
            latent, fake = generated(networks["generator"], batch, moment)
        scene, features = self._scene(networks, batch, moment, latent, fake)
        played = self.objective.discriminator_loss(scene, moment)
        for kind in ("real", "fake"):
            played.terms[f"class_{kind}"] = self._surprise(f"class_{kind}", networks, features[kind], batch)
        return played

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The objective's terms of G, and the cross entropy of the requested classes; nothing else is trained."""
        latent, fake = generated(networks["generator"], batch, moment)
        scene, features = self._scene(networks, batch, moment, latent, fake)
        played = self.objective.generator_loss(scene, moment, moment.iteration // self.n_critic)
        played.terms["class_generator"] = self._surprise("class_generator", networks, features["fake"], batch)
        return played

    def _scene(
        self, networks: Networks, batch: Batch, moment: Moment, latent: Tensor, fake: Tensor
    ) -> tuple[DiscriminatorInputs, dict[str, Tensor]]:
        scene = image_inputs(self.objective, networks, batch, moment, latent, fake)
        return recording(scene, networks["discriminator"].head)

    def _surprise(self, name: str, networks: Networks, features: Tensor, batch: Batch) -> Tensor:
        """The weighted mean of -log P(class | image) in nats, a scalar."""
        return self.weights[name] * cross_entropy(precise(networks["classifier"](features)), batch["label"])

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`class_accuracy`: the share of held-out images whose class the game's own classifier reads."""
        discriminator = networks["discriminator"]
        features = input_of(discriminator.head, lambda: discriminator(batch["image"]))
        return {"class_accuracy": (networks["classifier"](features).argmax(1) == batch["label"]).float()}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`classes`: one class per row (ten, spread evenly, if there are more) and one latent per column."""
        generator, rows = networks["generator"], min(self.classes, _SHOWN)
        latent = moment.noise("classes", (_SHOWN, generator.latent_dim)).to(batch["image"])
        shown = torch.arange(rows, device=latent.device) * self.classes // rows
        images = generator(latent.repeat(rows, 1), shown.repeat_interleave(_SHOWN))
        return {"classes": images.unflatten(0, (rows, _SHOWN))}

    def labeled_samples(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, LabeledSamples]:
        """`as_asked`: generated images, and the labels that they were asked for, those of the batch."""
        return {"as_asked": LabeledSamples(generated(networks["generator"], batch, moment)[1], batch["label"])}
