"""A pair of small convolutional networks for square images whose side is a multiple of 4."""

from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import Side, Size


class Generator(base.Generator):
    """A latent (N, latent_dim) to images (N, channels, image_size, image_size) in [-1, 1], by two doublings."""

    def __init__(self, image_size: Side, channels: Size, latent_dim: Size = 32, width: Size = 16) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, width * (image_size // 4) ** 2),
            nn.Unflatten(1, (width, image_size // 4, image_size // 4)),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, channels, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, latent: Tensor) -> Tensor:
        """Images (N, channels, image_size, image_size)."""
        return self.layers(latent)


class Discriminator(base.Discriminator):
    """Images (N, channels, image_size, image_size) to logits (N,), by two halvings."""

    def __init__(self, image_size: Side, channels: Size, width: Size = 16, head_bias: bool | None = None) -> None:
        super().__init__()
        self.features = width * (image_size // 4) ** 2
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
        )
        self.last = nn.Linear(self.features, 1, bias=head_bias is not False)

    @property
    def head(self) -> nn.Module:
        """The last layer, from features (N, features) to logits."""
        return self.last

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N,)."""
        return self.last(self.body(images)).squeeze(1)
