"""A discriminator of codes, as in the adversarial autoencoder (Makhzani et al. 2016, arXiv 1511.05644)."""

from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import AnySizes, Normalization, Size
from saddle.layer.activation import Activation
from saddle.layer.hidden import hidden_layers
from saddle.layer.normalization import weighted


class Discriminator(base.Discriminator):
    """Codes (N, latent_dim) to logits (N,), through hidden layers. There is no sigmoid, and it takes no labels.

    If `head_bias` is false, the last layer has no bias. Relativistic losses cannot train one.
    """

    def __init__(
        self,
        latent_dim: Size,
        hidden: AnySizes = (256, 256),
        activation: Activation = "leaky_relu",
        normalization: Normalization = "none",
        head_bias: bool | None = None,
    ) -> None:
        super().__init__()
        sizes = [latent_dim, *hidden]
        self.features = sizes[-1]
        head = weighted(nn.Linear(self.features, 1, bias=head_bias is not False), normalization)
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, normalization), head)

    @property
    def head(self) -> nn.Module:
        """The last layer, from the features (N, features) to the logits."""
        return self.layers[-1]

    def forward(self, codes: Tensor) -> Tensor:
        return self.layers(codes).squeeze(1)
