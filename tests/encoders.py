"""Encoders small enough to compute by hand, which tests of several games share."""

from torch import nn

from saddle.architecture import base


class SmallEncoder(base.Encoder):
    """2x2 images to three numbers, or to three means and three log variances, by one linear layer."""

    latent_dim, classes = 3, 0

    def __init__(self, gaussian: bool = False) -> None:
        super().__init__()
        self.gaussian, self.linear = gaussian, nn.Linear(4, 6 if gaussian else 3)

    def forward(self, images):
        return self.linear(images.flatten(1))
