"""A small network that reads a discriminator's features, and tells something else than real from generated."""

from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import Size, SizeOrNone
from saddle.layer.activation import Activation
from saddle.layer.hidden import hidden_layers


class Head(base.Network):
    """Features (N, features) to (N, outputs), through a hidden layer of `hidden` units, or none if that is 0.

    InfoGAN's Q has one hidden layer of 128 units (Chen et al. 2016, appendix C, arXiv 1606.03657; batch norm is left
    out here), AC-GAN's class head none (Odena et al. 2017, appendix A, arXiv 1610.09585). The output is linear. It
    takes no labels. How many `features` D has, and how many `outputs` the game reads, is filled in when the networks
    are built. Raises ValueError if one of the two is missing.
    """

    def __init__(
        self,
        features: Size | None = None,
        outputs: Size | None = None,
        hidden: SizeOrNone = 128,
        activation: Activation = "leaky_relu",
    ) -> None:
        super().__init__()
        if features is None or outputs is None:
            missing = "features" if features is None else "outputs"
            raise ValueError(f"{missing}=null: the game gives this number, and this game does not")
        self.features, self.outputs = features, outputs
        sizes = [features, hidden] if hidden else [features]
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, "none"), nn.Linear(sizes[-1], outputs))

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)
