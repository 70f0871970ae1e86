"""The bidirectional GAN (Donahue et al. 2017, arXiv 1605.09782), and ALI (Dumoulin et al. 2017, arXiv 1606.00704)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from saddle.augmentation.base import Augmentation
from saddle.bound import Count
from saddle.game.adversarial_objective import AdversarialObjective, Discriminator, Penalty, generated
from saddle.game.discriminator_inputs import DiscriminatorInputs
from saddle.game.encoding import code, reconstructions, sampled_code, squared_error
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn
from saddle.loss.base import Loss
from saddle.metric.neighbor import distances
from saddle.penalty.base import InputGradientPenalty, WeightConstraint


@dataclass(frozen=True)
class BiGAN(Game):
    """D's turn, then that of encoder and generator: D tells pairs (x, E(x)) from pairs (G(z), z), both deny it.

    min over G and E of max over D of E[log D(x, E(x))] + E[log(1 - D(G(z), z))] (BiGAN, eq. 2 and 3), with any loss.
    G learns from D at the pairs that it makes, E at those of real images, each by the loss's objective for G
    (`Loss.opponent`; ALI, algorithm 1). Codes are the encoder's; `stochastic` ones are drawn from its Gaussian, as in
    ALI. Nothing else in the objective asks for G(E(x)) = x: it holds where D is fooled (BiGAN, theorem 2).

    What D judges, and what input-gradient penalties look at, are whole pairs: E learns from D's slope along the code
    alone, so that one must be bounded, too. Augmentations change the image of a pair and leave its code.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    n_critic: Count = 1
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)
    stochastic: bool = False

    needs = ("generator", "encoder", "joint_discriminator")
    measures = ("reconstruction_error", "code_error", "neighbor_accuracy")
    averaged = ("generator", "encoder")
    plays = (InputGradientPenalty, WeightConstraint)

    @property
    def objective(self) -> AdversarialObjective:
        return AdversarialObjective(self.loss, self.penalties, self.augmentations)

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        return {"encoder": {"gaussian": self.stochastic}, "generator": {"conditional": False}}

    def turns(self) -> tuple[Turn, ...]:
        after = self.objective.observe if self.state() else None
        constraints = self.objective.constraints
        return (
            Turn("discriminator", ("joint_discriminator",), self.discriminator_loss, 1, constraints, after),
            Turn("generator", ("encoder", "generator"), self.generator_loss, every=self.n_critic),
        )

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """D's loss on real images with their codes, and on generated ones with their latents."""
        with torch.no_grad():
            scene = self.scene(networks, batch, moment)
        return self.objective.discriminator_loss(scene, moment)

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The loss of encoder and generator; D's weights are read, not trained."""
        return self.objective.opponents_loss(self.scene(networks, batch, moment), moment)

    def scene(self, networks: Networks, batch: Batch, moment: Moment) -> DiscriminatorInputs:
        """D before pairs, (N, C * H * W + latent_dim): an image, flattened, and its code."""
        latent, made = generated(networks["generator"], batch, moment)
        codes = sampled_code(networks["encoder"], batch["image"], moment)
        real, fake = _pairs(batch["image"], codes), _pairs(made, latent)
        network, shape = networks["joint_discriminator"], made.shape[1:]

        def judge(kind: str) -> Discriminator:
            def of(pairs: Tensor) -> Tensor:
                images, codes = pairs.tensor_split([shape.numel()], dim=1)
                return self.objective.seen(lambda seen: network(seen, codes), moment)(kind)(images.unflatten(1, shape))

            return of

        return DiscriminatorInputs(judge, real, fake)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstruction_error` of G(E(x)); `code_error`, the mean squared error of E(G(z)) per number of the code
        (1 for an encoder that says 0 always); where there are labels `neighbor_accuracy`, the share of images whose
        nearest other one by code, among those given, shows the same class (1-NN, as the BiGAN paper measures codes).
        """
        generator, encoder = networks["generator"], networks["encoder"]
        codes = code(encoder, batch["image"])
        latent, made = generated(generator, batch, moment)
        found = {
            "reconstruction_error": squared_error(batch["image"], generator(codes)),
            "code_error": (code(encoder, made) - latent).square().mean(1),
        }
        return found | ({"neighbor_accuracy": _as_nearest(codes, batch["label"])} if "label" in batch else {})

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstructions`: held-out images x, each row above G(E(x))."""
        return {"reconstructions": reconstructions(networks, batch)}


def _pairs(images: Tensor, codes: Tensor) -> Tensor:
    return torch.cat([images.flatten(1), codes], 1)


def _as_nearest(codes: Tensor, labels: Tensor) -> Tensor:
    """1 for each code (N, D) whose nearest other one has its label, else 0: (N,)."""
    apart = distances(codes.double(), codes.double()).fill_diagonal_(torch.inf)
    return (labels[apart.argmin(1)] == labels).float()
