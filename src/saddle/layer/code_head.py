"""The last layer of an encoder."""

from collections.abc import Callable

from torch import nn

from saddle.bound import Normalization
from saddle.layer.normalization import weighted


def code_head(
    features: int,
    latent_dim: int,
    gaussian: bool,
    normalization: Normalization,
    initialize: Callable[[nn.Module], None] | None = None,
) -> nn.Module:
    """A linear layer from features (N, D) to codes (N, latent_dim).

    If `gaussian`, the output is (N, 2 * latent_dim): means, then log variances. The log variances begin at 0 for all
    features, so that the first samples of a variational autoencoder have the prior's spread. `initialize` sets the
    other initial weights; without it they are torch's own.
    """
    layer = nn.Linear(features, 2 * latent_dim if gaussian else latent_dim)
    if initialize is not None:
        initialize(layer)
    if gaussian:
        nn.init.zeros_(layer.weight[latent_dim:])
        nn.init.zeros_(layer.bias[latent_dim:])
    return weighted(layer, normalization)
