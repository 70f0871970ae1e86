"""The bidirectional GAN (Donahue et al. 2017, arXiv 1605.09782), and ALI (Dumoulin et al. 2017, arXiv 1606.00704)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from saddle.bound import Count
from saddle.game.adversarial_objective import AdversarialObjective, generated
from saddle.game.discriminator_inputs import DiscriminatorInputs, LogitFunction
from saddle.game.encoding import code, reconstructions, sampled_code, squared_error
from saddle.game.networks import encoder_of, generator_of
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn
from saddle.metric.neighbor import distances
from saddle.penalty.base import InputGradientPenalty, WeightConstraint


@dataclass(frozen=True)
class BiGAN(Game):
    """D's turn, then that of encoder and generator: D tells pairs (x, E(x)) from pairs (G(z), z), both fool it.

    min over G and E of max over D of E[log D(x, E(x))] + E[log(1 - D(G(z), z))] (BiGAN, eq. 2 and 3), with any loss.
    G learns from D at its own pairs and E at those of real images, each by the loss's objective for G
    (`Loss.opponent`; ALI, algorithm 1). Codes are the encoder's output; `stochastic` codes are drawn from its Gaussian,
    as in ALI. Nothing else in the objective asks for G(E(x)) = x: it holds where D is fooled (BiGAN, theorem 2).

    D and the input-gradient penalties see whole pairs: E learns only from D's slope along the code, so that this slope
    must be bounded, too. Augmentations change the image of a pair and leave its code.
    """

    objective: AdversarialObjective
    n_critic: Count = 1
    stochastic: bool = False

    needs = ("generator", "encoder", "joint_discriminator")
    measures = {"reconstruction_error": "smaller", "code_error": "smaller", "neighbor_accuracy": "larger"}
    averaged = ("generator", "encoder")
    plays = (InputGradientPenalty, WeightConstraint)

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        return {"encoder": {"gaussian": self.stochastic}, "generator": {"conditional": False}}

    def turns(self) -> tuple[Turn, ...]:
        constraints, after = self.objective.constraints, self.objective.after_step
        return (
            Turn("discriminator", ("joint_discriminator",), self.discriminator_loss, 1, constraints, after),
            Turn("generator", ("encoder", "generator"), self.generator_loss, every=self.n_critic),
        )

    def period(self) -> int:
        return self.objective.period(self.n_critic)

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """D's loss on real images with their codes, and on generated ones with their latents."""
        with torch.no_grad():
            inputs = self.inputs(networks, batch, moment)
        return self.objective.discriminator_loss(inputs, moment)

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The loss of encoder and generator; D's weights are not trained here."""
        return self.objective.opponents_loss(self.inputs(networks, batch, moment), moment)

    def inputs(self, networks: Networks, batch: Batch, moment: Moment) -> DiscriminatorInputs:
        """Pairs (N, C * H * W + latent_dim) for D: an image, flattened, and its code."""
        latent, generated_images = generated(networks, batch, moment)
        codes = sampled_code(encoder_of(networks), batch["image"], moment)
        real, fake = _pairs(batch["image"], codes), _pairs(generated_images, latent)
        shape = generated_images.shape[1:]

        def discriminator(kind: str) -> LogitFunction:
            def logits_of(pairs: Tensor) -> Tensor:
                flat, codes = pairs.tensor_split([shape.numel()], dim=1)
                images = self.objective.augmented(flat.unflatten(1, shape), kind, moment)
                return networks["joint_discriminator"](images, codes)

            return logits_of

        return DiscriminatorInputs(discriminator, real, fake)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstruction_error` of G(E(x)); `code_error`, the mean squared error of E(G(z)) per number of the code
        (1 for an encoder that is always 0); with labels also `neighbor_accuracy`, the share of the batch's images whose
        nearest other image by code shows the same class (1-NN, as the BiGAN paper measures codes).
        """
        generator, encoder = generator_of(networks), encoder_of(networks)
        codes = code(encoder, batch["image"])
        latent, fake = generated(networks, batch, moment)
        values = {
            "reconstruction_error": squared_error(batch["image"], generator(codes)),
            "code_error": (code(encoder, fake) - latent).square().mean(1),
        }
        if "label" in batch:
            values["neighbor_accuracy"] = _agrees_with_nearest(codes, batch["label"])
        return values

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstructions`: held-out images x, each row above G(E(x))."""
        return {"reconstructions": reconstructions(networks, batch)}


def _pairs(images: Tensor, codes: Tensor) -> Tensor:
    return torch.cat([images.flatten(1), codes], 1)


def _agrees_with_nearest(codes: Tensor, labels: Tensor) -> Tensor:
    """1 for each code (N, D) whose nearest other code has its label, else 0: (N,)."""
    to_others = distances(codes.double(), codes.double()).fill_diagonal_(torch.inf)
    return (labels[to_others.argmin(1)] == labels).float()
