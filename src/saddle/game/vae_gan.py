"""The autoencoder with a learned similarity metric, VAE/GAN (Larsen et al. 2016, arXiv 1512.09300)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from saddle.bound import NonNegative
from saddle.game.adversarial_objective import AdversarialObjective, generated, image_inputs
from saddle.game.discriminator_inputs import DiscriminatorInputs
from saddle.game.encoding import (
    kl_from_prior,
    posterior,
    posterior_draw,
    precise,
    reconstructed,
    reconstructions,
    sampled_code,
    squared_error,
)
from saddle.game.networks import discriminator_of, encoder_of, generator_of, input_to, with_labels
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn, check_weights
from saddle.penalty.base import InputGradientPenalty, Term, WeightConstraint


@dataclass(frozen=True)
class VAEGAN(Game):
    """The turns of encoder, generator (the decoder) and D, in the order of algorithm 1.

    The encoder minimizes kl + features: the divergence from the prior (eq. 4), and the negative log likelihood of the
    features that D's last layer reads, around those of the reconstruction (eq. 7). The generator minimizes
    gamma x features + adversarial (eq. 9). D tells real images from reconstructions and from images of the prior
    (eq. 10). Both kinds of generated images together weigh as much as the real ones, also in G's loss: half of what
    eq. 9 and 10 say. `weights` are those of the terms, in nats per image; gamma is the weight of features in the
    generator's turn. Raises ValueError unless `weights` has exactly these four.
    """

    objective: AdversarialObjective
    weights: Mapping[str, NonNegative] = field(
        default_factory=lambda: {"kl": 1.0, "features": 1.0, "gamma": 1.0, "adversarial": 1.0}
    )

    needs = ("generator", "discriminator", "encoder")
    measures = {"kl": "smaller", "reconstruction_error": "smaller"}
    averaged = ("generator", "encoder")
    plays = (InputGradientPenalty, WeightConstraint, Term)

    def __post_init__(self) -> None:
        check_weights(self.weights, ("kl", "features", "gamma", "adversarial"))

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        return {"encoder": {"gaussian": True}}

    def turns(self) -> tuple[Turn, ...]:
        constraints, after = self.objective.constraints, self.objective.after_step
        return (
            Turn("encoder", ("encoder",), self.encoder_loss),
            Turn("generator", ("generator",), self.generator_loss),
            Turn("discriminator", ("discriminator",), self.discriminator_loss, 1, constraints, after),
        )

    def period(self) -> int:
        return self.objective.period()

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def encoder_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """kl and features; generator and D are not trained here."""
        mean, log_variance = posterior(encoder_of(networks), batch["image"])
        codes = posterior_draw(mean, log_variance, moment)
        reconstruction = with_labels(generator_of(networks), batch)(codes)
        kl = kl_from_prior(mean, log_variance).mean()
        features = self.negative_log_likelihood(networks, batch, reconstruction).mean()
        return Played({"kl": self.weights["kl"] * kl, "features": self.weights["features"] * features})

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """gamma x features, and G's loss on both kinds of generated images; encoder and D are not trained here."""
        from_prior, from_codes = self.inputs(networks, batch, moment)
        played = _mean(
            self.objective.generator_loss(from_prior, moment, turn=moment.iteration),
            self.objective.generator_loss(from_codes, moment, turn=moment.iteration),
        )
        adversarial = self.weights["adversarial"] * played.terms["adversarial"]
        features = self.weights["gamma"] * self.negative_log_likelihood(networks, batch, from_codes.fake).mean()
        return Played({**played.terms, "adversarial": adversarial, "features": features}, played.observed)

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The mean of D's losses against both kinds of generated images."""
        with torch.no_grad():
            from_prior, from_codes = self.inputs(networks, batch, moment)
        return _mean(
            self.objective.discriminator_loss(from_prior, moment),
            self.objective.discriminator_loss(from_codes, moment),
        )

    def inputs(
        self, networks: Networks, batch: Batch, moment: Moment
    ) -> tuple[DiscriminatorInputs, DiscriminatorInputs]:
        """Real images and those of the prior, and real images and their reconstructions, for D."""
        latent, fake = generated(networks, batch, moment)
        with torch.no_grad():
            codes = sampled_code(encoder_of(networks), batch["image"], moment)
        reconstruction = with_labels(generator_of(networks), batch)(codes)
        return (
            image_inputs(self.objective, networks, batch, moment, latent, fake),
            image_inputs(self.objective, networks, batch, moment, codes, reconstruction),
        )

    def negative_log_likelihood(self, networks: Networks, batch: Batch, images: Tensor) -> Tensor:
        """-log N(f(x); f(images), I) without its constant, in nats, (N,) (eq. 6); f are D's features.

        Neither x nor `images` are augmented here: two augmented images would differ by their augmentations.
        """
        network = discriminator_of(networks)
        discriminator = with_labels(network, batch)
        with torch.no_grad():
            real = precise(input_to(network.head, lambda: discriminator(batch["image"])))
        return (real - precise(input_to(network.head, lambda: discriminator(images)))).square().sum(1) / 2

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`kl` in nats, and `reconstruction_error`, the squared error per pixel of decoded means."""
        kl = kl_from_prior(*posterior(encoder_of(networks), batch["image"]))
        return {"kl": kl, "reconstruction_error": squared_error(batch["image"], reconstructed(networks, batch))}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstructions`: held-out images, each row above its decoded means."""
        return {"reconstructions": reconstructions(networks, batch)}


def _mean(first: Played, second: Played) -> Played:
    """The mean of the terms of two results with the same real images, and the logits on all generated ones."""
    terms = {name: (value + second.terms[name]) / 2 for name, value in first.terms.items()}
    fake = torch.stack([first.observed["fake"], second.observed["fake"]], 1).flatten()  # alternating: a part has both
    return Played(terms, {**first.observed, "fake": fake})
