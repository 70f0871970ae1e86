"""The GAN with an auxiliary classifier, AC-GAN (Odena et al. 2017, arXiv 1610.09585)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from saddle.bound import Count, NonNegative
from saddle.game.adversarial_objective import AdversarialObjective, generated, image_inputs
from saddle.game.discriminator_inputs import recording_features
from saddle.game.encoding import precise
from saddle.game.networks import discriminator_of, generator_of, input_to
from saddle.game.turn import Batch, DataSizes, Game, LabeledSamples, Moment, Networks, Played, Turn, check_weights
from saddle.penalty.base import InputGradientPenalty, Term

_SHOWN = 10


@dataclass(frozen=True)
class AuxiliaryClassifier(Game):
    """D's turn with the classifier's, then G's. G gets the class, D does not, and the classifier reads it in images.

    The paper's D maximizes L_S + L_C and G L_C - L_S (section 3). L_S (eq. 2) says how well real is told from
    generated; any loss can stand for it. L_C (eq. 3) says how well classes are read,
    E[log P(class | x)] + E[log P(class | G(z, class))]. L_C has the same sign for both: D and the classifier minimize
    its two cross entropies, `class_real` and `class_fake`, and G minimizes the second, the only one that depends on G,
    as `class_generator`. The `classifier` reads D's features, so that D's own layers learn both.
    Raises ValueError if the data has no labels, or unless `weights` has exactly those three.
    """

    objective: AdversarialObjective
    sizes: DataSizes
    n_critic: Count = 1
    weights: Mapping[str, NonNegative] = field(
        default_factory=lambda: {"class_real": 1.0, "class_fake": 1.0, "class_generator": 1.0}
    )

    needs = ("generator", "discriminator", "classifier")
    measures = {"class_accuracy": "larger", "as_asked": "larger"}
    plays = (InputGradientPenalty, Term)  # a constraint would also hold of the classifier's weights

    def __post_init__(self) -> None:
        check_weights(self.weights, ("class_real", "class_fake", "class_generator"))
        if self.sizes.classes == 0:
            raise ValueError(
                "this game's classifier learns from labels, but data.classes=0: give the number of classes (of a "
                "folder of pictures, its sub-folders), use data that has labels, or game=adversarial"
            )

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        return {
            "generator": {"conditional": True},
            "discriminator": {"conditional": False},
            "classifier": {"outputs": self.sizes.classes},
        }

    def turns(self) -> tuple[Turn, ...]:
        trained = ("discriminator", "classifier")
        return (
            Turn("discriminator", trained, self.discriminator_loss, after=self.objective.after_step),
            Turn("generator", ("generator",), self.generator_loss, every=self.n_critic),
        )

    def period(self) -> int:
        return self.objective.period(self.n_critic)

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The objective's terms of D, and the cross entropies of classes in real and in generated images."""
        with torch.no_grad():
            latent, fake = generated(networks, batch, moment)
        inputs = image_inputs(self.objective, networks, batch, moment, latent, fake)
        inputs, features = recording_features(inputs, discriminator_of(networks).head)
        played = self.objective.discriminator_loss(inputs, moment)
        classes = {
            "class_real": self._class_loss("class_real", networks, features["real"], batch),
            "class_fake": self._class_loss("class_fake", networks, features["fake"], batch),
        }
        return Played({**played.terms, **classes}, played.observed)

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The objective's terms of G, and the cross entropy of the requested classes; only G is trained here."""
        latent, fake = generated(networks, batch, moment)
        inputs = image_inputs(self.objective, networks, batch, moment, latent, fake)
        inputs, features = recording_features(inputs, discriminator_of(networks).head)
        played = self.objective.generator_loss(inputs, moment, turn=moment.iteration // self.n_critic)
        classes = {"class_generator": self._class_loss("class_generator", networks, features["fake"], batch)}
        return Played({**played.terms, **classes}, played.observed)

    def _class_loss(self, name: str, networks: Networks, features: Tensor, batch: Batch) -> Tensor:
        """The weighted mean of -log P(class | image) in nats, a scalar."""
        return self.weights[name] * cross_entropy(precise(networks["classifier"](features)), batch["label"])

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`class_accuracy`: the share of held-out images whose class the game's own classifier reads."""
        discriminator = discriminator_of(networks)
        features = input_to(discriminator.head, lambda: discriminator(batch["image"]))
        return {"class_accuracy": (networks["classifier"](features).argmax(1) == batch["label"]).float()}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`classes`: one class per row (ten, spread evenly, if there are more) and one latent per column."""
        generator, classes = generator_of(networks), self.sizes.classes
        rows = min(classes, _SHOWN)
        latent = moment.noise("classes", (_SHOWN, generator.latent_dim)).to(batch["image"])
        shown = torch.arange(rows, device=latent.device) * classes // rows
        images = generator(latent.repeat(rows, 1), shown.repeat_interleave(_SHOWN))
        return {"classes": images.unflatten(0, (rows, _SHOWN))}

    def labeled_samples(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, LabeledSamples]:
        """`as_asked`: images generated with the batch's labels, and these labels."""
        _, fake = generated(networks, batch, moment)
        return {"as_asked": LabeledSamples(fake, batch["label"])}
