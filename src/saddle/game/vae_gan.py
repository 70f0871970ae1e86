"""The autoencoder with a learned similarity metric, VAE/GAN (Larsen et al. 2016, arXiv 1512.09300)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from saddle.augmentation.base import Augmentation
from saddle.bound import NonNegative
from saddle.game.adversarial_objective import AdversarialObjective, Penalty, generated, image_inputs
from saddle.game.discriminator_inputs import DiscriminatorInputs
from saddle.game.encoding import (
    drawn,
    kl_from_prior,
    posterior,
    precise,
    reconstructed,
    reconstructions,
    sampled_code,
    squared_error,
)
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn, check_weights, given, input_of
from saddle.loss.base import Loss
from saddle.penalty.base import InputGradientPenalty, Term, WeightConstraint


@dataclass(frozen=True)
class VAEGAN(Game):
    """The turns of encoder, generator (the decoder) and D, in the order of algorithm 1.

    The encoder minimizes kl + features: the divergence from the prior (eq. 4) and the negative log likelihood of what
    D's last layer reads, around what it reads of the reconstruction (eq. 7). The generator minimizes gamma x features +
    adversarial (eq. 9). D tells real images from reconstructions and from images of the prior (eq. 10). These together
    weigh as much as the real ones, in G's loss, too: half of what eq. 9 and 10 say. `weights` are those of the terms,
    in nats per image; gamma is the generator's of features. Raises ValueError unless `weights` has exactly these four.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)
    weights: Mapping[str, NonNegative] = field(
        default_factory=lambda: {"kl": 1.0, "features": 1.0, "gamma": 1.0, "adversarial": 1.0}
    )

    needs = ("generator", "discriminator", "encoder")
    measures = ("kl", "reconstruction_error")
    averaged = ("generator", "encoder")
    plays = (InputGradientPenalty, WeightConstraint, Term)

    def __post_init__(self) -> None:
        check_weights(self.weights, ("kl", "features", "gamma", "adversarial"))

    @property
    def objective(self) -> AdversarialObjective:
        return AdversarialObjective(self.loss, self.penalties, self.augmentations)

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        return {"encoder": {"gaussian": True}}

    def turns(self) -> tuple[Turn, ...]:
        objective = self.objective
        after = objective.observe if self.state() else None
        return (
            Turn("encoder", ("encoder",), self.encoder_loss),
            Turn("generator", ("generator",), self.generator_loss),
            Turn("discriminator", ("discriminator",), self.discriminator_loss, 1, objective.constraints, after),
        )

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def encoder_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """kl and features; generator and D are read, not trained."""
        mean, log_variance = posterior(networks["encoder"], batch["image"])
        codes = drawn(mean, log_variance, moment.noise("posterior", tuple(mean.shape)))
        made = given(networks["generator"], batch)(codes)
        kl = kl_from_prior(mean, log_variance).mean()
        features = self.surprise(networks, batch, made).mean()
        return Played({"kl": self.weights["kl"] * kl, "features": self.weights["features"] * features})

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """gamma x features and what D says of both kinds of generated images; encoder and D are read, not trained."""
        scenes = self.scenes(networks, batch, moment)
        played = _mean([self.objective.generator_loss(scene, moment, moment.iteration) for scene in scenes])
        adversarial = self.weights["adversarial"] * played.terms["adversarial"]
        features = self.weights["gamma"] * self.surprise(networks, batch, scenes[1].fake).mean()
        return Played({**played.terms, "adversarial": adversarial, "features": features}, played.observed)

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The mean of D's losses against both kinds of generated images."""
        with torch.no_grad():
            scenes = self.scenes(networks, batch, moment)
        return _mean([self.objective.discriminator_loss(scene, moment) for scene in scenes])

    def scenes(
        self, networks: Networks, batch: Batch, moment: Moment
    ) -> tuple[DiscriminatorInputs, DiscriminatorInputs]:
        """D before real images and those of the prior; before real images and their reconstructions."""
        latent, fake = generated(networks["generator"], batch, moment)
        with torch.no_grad():
            codes = sampled_code(networks["encoder"], batch["image"], moment)
        made = given(networks["generator"], batch)(codes)
        pairs = ((latent, fake), (codes, made))
        return tuple(image_inputs(self.objective, networks, batch, moment, *pair) for pair in pairs)

    def surprise(self, networks: Networks, batch: Batch, made: Tensor) -> Tensor:
        """-log N(f(x); f(made), I) but for its constant, in nats, (N,) (eq. 6); f is what D's last layer reads.

        Of the images themselves: two augmented ones would differ by their augmentations.
        """
        network = networks["discriminator"]
        judge = given(network, batch)
        with torch.no_grad():
            real = precise(input_of(network.head, lambda: judge(batch["image"])))
        return (real - precise(input_of(network.head, lambda: judge(made)))).square().sum(1) / 2

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`kl` in nats, and `reconstruction_error`, the squared error per pixel of decoded means."""
        kl = kl_from_prior(*posterior(networks["encoder"], batch["image"]))
        return {"kl": kl, "reconstruction_error": squared_error(batch["image"], reconstructed(networks, batch))}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstructions`: held-out images, each row above its decoded means."""
        return {"reconstructions": reconstructions(networks, batch)}


def _mean(played: list[Played]) -> Played:
    """The mean of two contests against the same real images; of observed logits, all on generated ones."""
    first, second = played
    terms = {name: (value + second.terms[name]) / 2 for name, value in first.terms.items()}
    fake = torch.stack([first.observed["fake"], second.observed["fake"]], 1).flatten()  # in turn, for who reads a part
    return Played(terms, {**first.observed, "fake": fake})
