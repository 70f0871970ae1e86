"""The variational autoencoder (Kingma & Welling 2014, arXiv 1312.6114), which has no discriminator."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from saddle.bound import NonNegative, Positive
from saddle.game.encoding import (
    drawn,
    kl_from_prior,
    posterior,
    precise,
    reconstructed,
    reconstructions,
    squared_error,
)
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn, check_weights, given


@dataclass(frozen=True)
class VAE(Game):
    """One turn: encoder and generator (the decoder) minimize the negative evidence lower bound, in nats per image.

    -log p(x) <= E_q(z|x)[-log p(x|z)] + KL(q(z|x) || N(0, 1)), equation 3, with one draw of z per image (section 2.3).
    `likelihood` p(x|z) is of independent pixels (appendix C): "bernoulli", of gray levels in [0, 1] taken as
    probabilities, or "gaussian" around the generated image with standard deviation `std`, images being in [-1, 1].
    A conditional generator is told the label, the encoder is not: the bound is one of log p(x|label).
    Raises ValueError unless `weights` has exactly the terms reconstruction and kl, and for a `std` that is not read.
    """

    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    std: Positive = 0.2
    weights: Mapping[str, NonNegative] = field(default_factory=lambda: {"reconstruction": 1.0, "kl": 1.0})

    needs = ("generator", "encoder")
    measures = ("elbo", "reconstruction_error")
    averaged = ("generator", "encoder")

    def __post_init__(self) -> None:
        check_weights(self.weights, ("reconstruction", "kl"))
        if self.likelihood != "gaussian" and self.std != VAE.std:
            raise ValueError(f"std={self.std} is read by likelihood=gaussian alone: choose that, or leave std out")

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        return {"encoder": {"gaussian": True}}

    def turns(self) -> tuple[Turn, ...]:
        return (Turn("generator", ("encoder", "generator"), self.loss),)

    def loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The weighted terms of the negative bound."""
        reconstruction, kl = self.bound(networks, batch, moment)
        terms = {"reconstruction": self.weights["reconstruction"] * reconstruction.mean()}
        terms["kl"] = self.weights["kl"] * kl.mean()
        return Played(terms)

    def bound(self, networks: Networks, batch: Batch, moment: Moment) -> tuple[Tensor, Tensor]:
        """-log p(x|z) for one draw of z, and the divergence from the prior, (N,) each, in nats."""
        mean, log_variance = posterior(networks["encoder"], batch["image"])
        latent = drawn(mean, log_variance, moment.noise("posterior", tuple(mean.shape)))
        return self._surprise(networks, batch, latent), kl_from_prior(mean, log_variance)

    def _surprise(self, networks: Networks, batch: Batch, latent: Tensor) -> Tensor:
        """-log p(x|z) in nats, (N,)."""
        generator, images = networks["generator"], precise(batch["image"])
        if self.likelihood == "gaussian":
            made = precise(given(generator, batch)(latent))
            constant = math.log(2 * math.pi * self.std**2) / 2
            return ((images - made).square() / (2 * self.std**2) + constant).flatten(1).sum(1)
        logits = 2 * precise(given(generator, batch)(latent, activated=False))  # (tanh(u) + 1) / 2 is sigmoid(2 u)
        return binary_cross_entropy_with_logits(logits, (images + 1) / 2, reduction="none").flatten(1).sum(1)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`elbo` in nats, of one draw per image, and `reconstruction_error`, the squared error of decoded means."""
        reconstruction, kl = self.bound(networks, batch, moment)
        error = squared_error(batch["image"], reconstructed(networks, batch))
        return {"elbo": -(reconstruction + kl), "reconstruction_error": error}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstructions`: held-out images, each row above its decoded means."""
        return {"reconstructions": reconstructions(networks, batch)}
