"""The adversarial autoencoder (Makhzani et al. 2016, arXiv 1511.05644), whose discriminator reads codes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from saddle.bound import NonNegative
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.discriminator_inputs import DiscriminatorInputs
from saddle.game.encoding import distance_between, reconstructed, reconstructions, sampled_code, squared_error
from saddle.game.networks import encoder_of, generator_of, with_labels
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn, check_weights
from saddle.penalty.base import InputGradientPenalty, WeightConstraint


@dataclass(frozen=True)
class AdversarialAutoencoder(Game):
    """Each iteration has a reconstruction phase and a regularization phase (section 2).

    In the first phase encoder and generator (the decoder) minimize the squared error of the reconstruction. In the
    second, D tells draws of the prior N(0, 1), its real inputs, from codes, and then the encoder learns to fool D. So
    the distribution of all codes together becomes the prior. A `gaussian` encoder's codes are drawn. `weights` are
    those of the terms. Encoder and generator share an optimizer in the first phase, and the encoder has another one in
    the second; Adam divides by the size of gradients, so that there learning rates set the balance of the phases.
    Raises ValueError unless `weights` has exactly the terms reconstruction and adversarial, and for augmentations,
    which change images.
    """

    objective: AdversarialObjective
    weights: Mapping[str, NonNegative] = field(default_factory=lambda: {"reconstruction": 1.0, "adversarial": 1.0})

    needs = ("generator", "encoder", "code_discriminator")
    measures = {"reconstruction_error": "smaller", "code_square": "smaller", "code_distance": "smaller"}
    averaged = ("generator", "encoder")
    plays = (InputGradientPenalty, WeightConstraint)

    def __post_init__(self) -> None:
        check_weights(self.weights, ("reconstruction", "adversarial"))
        if self.objective.augmentations:
            raise ValueError("this game's discriminator sees codes and no images: use augmentation=none")

    def turns(self) -> tuple[Turn, ...]:
        constraints = self.objective.constraints
        return (
            Turn("generator", ("encoder", "generator"), self.reconstruction_loss),
            Turn("discriminator", ("code_discriminator",), self.discriminator_loss, 1, constraints),
            Turn("encoder", ("encoder",), self.encoder_loss),
        )

    def period(self) -> int:
        return self.objective.period()

    def reconstruction_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The squared error per pixel of the images that G makes of the codes."""
        codes = sampled_code(encoder_of(networks), batch["image"], moment)
        reconstruction = with_labels(generator_of(networks), batch)(codes)
        error = squared_error(batch["image"], reconstruction).mean()
        return Played({"reconstruction": self.weights["reconstruction"] * error})

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """D's loss on draws of the prior and on codes."""
        with torch.no_grad():
            inputs = self.inputs(networks, batch, moment)
        played = self.objective.discriminator_loss(inputs, moment)
        return Played(played.terms, _as_codes(played.observed))

    def encoder_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The encoder's loss as D's opponent; D's weights are not trained here."""
        played = self.objective.generator_loss(self.inputs(networks, batch, moment), moment, moment.iteration)
        adversarial = self.weights["adversarial"] * played.terms["adversarial"]
        return Played({"adversarial": adversarial}, _as_codes(played.observed))

    def inputs(self, networks: Networks, batch: Batch, moment: Moment) -> DiscriminatorInputs:
        """Draws of the prior and codes, (N, latent_dim) each, for D."""
        codes = sampled_code(encoder_of(networks), batch["image"], moment)
        prior = moment.noise("prior", tuple(codes.shape)).to(codes)
        return DiscriminatorInputs(lambda kind: networks["code_discriminator"], real=prior, fake=codes)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstruction_error`, the squared error per pixel; `code_square`, the mean square of the codes, 1 under the
        prior; `code_distance`, the energy distance of the codes from as many draws of the prior, 0 if nothing differs.
        """
        codes = sampled_code(encoder_of(networks), batch["image"], moment)
        prior = moment.noise("prior", tuple(codes.shape)).to(codes)
        return {
            "reconstruction_error": squared_error(batch["image"], reconstructed(networks, batch)),
            "code_square": codes.square().mean(1),
            "code_distance": distance_between(codes, prior),
        }

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstructions`: held-out images, each row above its reconstructions."""
        return {"reconstructions": reconstructions(networks, batch)}


def _as_codes(observed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same logits under other names, because what watches D's logits on images must not read these."""
    names = {"real": "prior", "fake": "codes"}
    return {names.get(kind, kind): values for kind, values in observed.items()}
