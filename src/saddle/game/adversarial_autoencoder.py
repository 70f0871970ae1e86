"""The adversarial autoencoder (Makhzani et al. 2016, arXiv 1511.05644), whose discriminator judges codes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from saddle.bound import NonNegative
from saddle.game.adversarial_objective import AdversarialObjective, Penalty
from saddle.game.discriminator_inputs import DiscriminatorInputs
from saddle.game.encoding import distance_between, reconstructed, reconstructions, sampled_code, squared_error
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn, check_weights, given
from saddle.loss.base import Loss
from saddle.penalty.base import InputGradientPenalty, WeightConstraint


@dataclass(frozen=True)
class AdversarialAutoencoder(Game):
    """Each iteration has a reconstruction phase and a regularization phase (section 2).

    In the first, encoder and generator (the decoder) minimize the squared error of the reconstruction. In the second, D
    tells draws of the prior N(0, 1), which are the real ones, from codes, and then the encoder, of which D's input is
    made, denies it: so the codes of all images together come to be distributed as the prior. Codes are the encoder's
    output; of an encoder that is `gaussian` they are drawn. `weights` are those of the terms; encoder and generator
    have one optimizer in the first phase, the encoder another in the second, and where that is Adam, which divides by
    the size of gradients, learning rates set the balance. Raises ValueError unless `weights` has exactly the terms
    reconstruction and adversarial.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    weights: Mapping[str, NonNegative] = field(default_factory=lambda: {"reconstruction": 1.0, "adversarial": 1.0})

    needs = ("generator", "encoder", "code_discriminator")
    measures = ("reconstruction_error", "code_square", "code_distance")
    averaged = ("generator", "encoder")
    plays = (InputGradientPenalty, WeightConstraint)

    def __post_init__(self) -> None:
        check_weights(self.weights, ("reconstruction", "adversarial"))

    @property
    def objective(self) -> AdversarialObjective:
        return AdversarialObjective(self.loss, self.penalties)

    def turns(self) -> tuple[Turn, ...]:
        constraints = self.objective.constraints
        return (
            Turn("generator", ("encoder", "generator"), self.reconstruction_loss),
            Turn("discriminator", ("code_discriminator",), self.discriminator_loss, 1, constraints),
            Turn("encoder", ("encoder",), self.encoder_loss),
        )

    def reconstruction_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The squared error per pixel of what is made of codes."""
        made = given(networks["generator"], batch)(sampled_code(networks["encoder"], batch["image"], moment))
        return Played({"reconstruction": self.weights["reconstruction"] * squared_error(batch["image"], made).mean()})

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """D's loss on draws of the prior and on codes."""
        with torch.no_grad():
            scene = self.scene(networks, batch, moment)
        played = self.objective.discriminator_loss(scene, moment)
        return Played(played.terms, _of_codes(played.observed))

    def encoder_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The encoder's loss as the one who makes codes; D's weights are read, not trained."""
        played = self.objective.generator_loss(self.scene(networks, batch, moment), moment, moment.iteration)
        adversarial = self.weights["adversarial"] * played.terms["adversarial"]
        return Played({"adversarial": adversarial}, _of_codes(played.observed))

    def scene(self, networks: Networks, batch: Batch, moment: Moment) -> DiscriminatorInputs:
        """D before draws of the prior and codes, (N, latent_dim) each."""
        codes = sampled_code(networks["encoder"], batch["image"], moment)
        prior = moment.noise("prior", tuple(codes.shape)).to(codes)
        return DiscriminatorInputs(lambda kind: networks["code_discriminator"], real=prior, fake=codes)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstruction_error`, the squared error per pixel; of the codes `code_square`, their mean square, 1 under
        the prior, and `code_distance`, the energy distance from as many draws of the prior, 0 if nothing differs.
        """
        codes = sampled_code(networks["encoder"], batch["image"], moment)
        prior = moment.noise("prior", tuple(codes.shape)).to(codes)
        return {
            "reconstruction_error": squared_error(batch["image"], reconstructed(networks, batch)),
            "code_square": codes.square().mean(1),
            "code_distance": distance_between(codes, prior),
        }

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstructions`: held-out images, each row above what is made of its codes."""
        return {"reconstructions": reconstructions(networks, batch)}


def _of_codes(observed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Logits under names of their own: what watches D's judgment of images has nothing to see here."""
    return {{"real": "prior", "fake": "codes"}.get(kind, kind): values for kind, values in observed.items()}
