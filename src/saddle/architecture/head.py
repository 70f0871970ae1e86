"""A small network on a discriminator's features, for outputs other than real or generated."""

from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import Size, SizeOrNone
from saddle.layer.activation import Activation
from saddle.layer.hidden import hidden_layers


class Head(base.Network):
    """Features (N, features) to (N, outputs), through a hidden layer of `hidden` units, or directly if that is 0.

    InfoGAN's Q has one hidden layer of 128 units (Chen et al. 2016, appendix C, arXiv 1606.03657; here without batch
    norm). AC-GAN's class head has none (Odena et al. 2017, appendix A, arXiv 1610.09585). The output is linear, and the
    network takes no labels. `features`, the number of D's features, and `outputs`, the number that the game reads, are
    set when the networks are built. Raises ValueError if one of the two is missing.
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
        self.features = features
        self.outputs = outputs
        sizes = [features, hidden] if hidden else [features]
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, "none"), nn.Linear(sizes[-1], outputs))

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)
