"""A discriminator of codes, as in the adversarial autoencoder (Makhzani et al. 2016, arXiv 1511.05644)."""

from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import AnySizes, Normalization, Size
from saddle.layer.activation import Activation
from saddle.layer.hidden import hidden_layers
from saddle.layer.normalization import weighted


class Discriminator(base.Discriminator):
    """Codes (N, latent_dim) to logits (N,), through hidden layers; there is no sigmoid. It takes no labels.

    `features` is the number of features that its head reads. `head_bias` false leaves out the bias of the last layer,
    which losses of differences of logits cannot train.
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
        """The last layer; its argument are the features (N, features) that the logit is made of."""
        return self.layers[-1]

    def forward(self, codes: Tensor) -> Tensor:
        return self.layers(codes).squeeze(1)
