"""The variational autoencoder (Kingma & Welling 2014, arXiv 1312.6114), which has no discriminator."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from saddle.bound import NonNegative, Positive
from saddle.game.encoding import (
    kl_from_prior,
    posterior,
    posterior_draw,
    precise,
    reconstructed,
    reconstructions,
    squared_error,
)
from saddle.game.networks import encoder_of, generator_of, with_labels
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn, check_weights


@dataclass(frozen=True)
class VAE(Game):
    """One turn: encoder and generator (the decoder) minimize the negative evidence lower bound, in nats per image.

    -log p(x) <= E_q(z|x)[-log p(x|z)] + KL(q(z|x) || N(0, 1)), equation 3, with one draw of z per image (section 2.3).
    The pixels of the `likelihood` p(x|z) are independent (appendix C). "bernoulli" takes gray levels in [0, 1] as
    probabilities; "gaussian" is around the generated image with standard deviation `std`, for images in [-1, 1].
    A conditional generator gets the label and the encoder does not: the bound is one of log p(x|label).
    Raises ValueError unless `weights` has exactly the terms reconstruction and kl, and for a `std` that is not used.
    """

    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    std: Positive = 0.2
    weights: Mapping[str, NonNegative] = field(default_factory=lambda: {"reconstruction": 1.0, "kl": 1.0})

    needs = ("generator", "encoder")
    measures = {"elbo": "larger", "reconstruction_error": "smaller"}
    averaged = ("generator", "encoder")

    def __post_init__(self) -> None:
        check_weights(self.weights, ("reconstruction", "kl"))
        if self.likelihood != "gaussian" and self.std != VAE.std:
            raise ValueError(f"std={self.std} is read by likelihood=gaussian alone: choose that, or leave std out")

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        return {"encoder": {"gaussian": True}}

    def period(self) -> int:
        return 1

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
        mean, log_variance = posterior(encoder_of(networks), batch["image"])
        latent = posterior_draw(mean, log_variance, moment)
        return self._negative_log_likelihood(networks, batch, latent), kl_from_prior(mean, log_variance)

    def _negative_log_likelihood(self, networks: Networks, batch: Batch, latent: Tensor) -> Tensor:
        """-log p(x|z) in nats, (N,)."""
        images, decode = precise(batch["image"]), with_labels(generator_of(networks), batch)
        if self.likelihood == "gaussian":
            mean = precise(decode(latent))
            constant = math.log(2 * math.pi * self.std**2) / 2
            return ((images - mean).square() / (2 * self.std**2) + constant).flatten(1).sum(1)
        logits = 2 * precise(decode(latent, activated=False))  # (tanh(u) + 1) / 2 is sigmoid(2 u)
        return binary_cross_entropy_with_logits(logits, (images + 1) / 2, reduction="none").flatten(1).sum(1)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`elbo` in nats, of one draw per image, and `reconstruction_error`, the squared error of decoded means."""
        reconstruction, kl = self.bound(networks, batch, moment)
        error = squared_error(batch["image"], reconstructed(networks, batch))
        return {"elbo": -(reconstruction + kl), "reconstruction_error": error}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`reconstructions`: held-out images, each row above its decoded means."""
        return {"reconstructions": reconstructions(networks, batch)}
