"""FastGAN's light networks, for hundreds of images (Liu et al. 2021, section 3, arXiv 2101.04775)."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import ImageSize, Size, SizeOrNone, height_and_width
from saddle.layer.code import code_of, coded
from saddle.layer.corner import corner
from saddle.layer.gated import gated_doubling
from saddle.layer.initialization import LEAKY_RELU_GAIN, scaled
from saddle.layer.normalization import weighted
from saddle.layer.packing import packed, packing_of
from saddle.layer.resampling import Halving, Sides, growing_sides, pyramid
from saddle.layer.skip_layer_excitation import SkipLayerExcitation
from saddle.layer.two_path_halving import TwoPathHalving

_WIDEST = 16  # times `width`
_EXCITED = 4  # doublings from a small map to the one whose channels it weighs: 8 to 128 pixels in the paper
_DECODED = 4  # doublings of a decoder, at most: 8 to 128 pixels in the paper
_WINDOW = 4  # side of the window of the last feature map that the paper's logits see


class Generator(base.Generator):
    """Latent (N, latent_dim) to images (N, channels, height, width) in [-1, 1].

    A linear layer makes feature maps of 4 to 8 pixels a side. Each doubling of the side is nearest upsampling, a 3x3
    convolution, batch norm and a gated linear unit, and a last 3x3 convolution makes the channels. There are `width`
    features at full size, twice as many at each smaller side, at most 16 `width`. The feature map four doublings below
    a map weighs its channels by skip-layer excitation (section 3.1). Images of fewer doublings have one excitation,
    from the smallest map to the largest.

    `categories` and `continuous`: the last numbers of the latent become this code of InfoGAN (`saddle.layer.code`).
    The network takes no labels.

    Raises ValueError if `image_size` is below 8, or the latent is not longer than its code.
    """

    suits_bfloat16 = True

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 256,
        width: Size = 32,
        categories: SizeOrNone = 0,
        continuous: SizeOrNone = 0,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.categories, self.continuous = code_of(latent_dim, categories, continuous)
        sides = growing_sides(*height_and_width(image_size))
        doublings = len(sides) - 1
        widths = [width * min(2**level, _WIDEST) for level in reversed(range(len(sides)))]
        (height, breadth), features = sides[0], 2 * widths[0]
        self.first = nn.Sequential(
            scaled(nn.Linear(latent_dim, features * height * breadth, bias=False)),
            nn.Unflatten(1, (features, height, breadth)),
            nn.BatchNorm2d(features),
            nn.GLU(1),
        )
        self.doublings = nn.ModuleList()
        for index in range(doublings):
            layers = gated_doubling(widths[index], widths[index + 1], sides[index + 1], batch_norm=True)
            self.doublings.append(nn.Sequential(*layers))
        self.distance = min(_EXCITED, doublings)
        self.excitations = nn.ModuleList()
        for index in range(doublings - self.distance + 1):
            self.excitations.append(SkipLayerExcitation(widths[index], widths[index + self.distance]))
        self.last = scaled(nn.Conv2d(widths[-1], channels, kernel_size=3, padding=1))

    def forward(self, latent: Tensor, activated: bool = True) -> Tensor:
        """Images (N, C, H, W); if not `activated`, the numbers whose tanh is the images."""
        maps = [self.first(coded(latent, self.categories, self.continuous))]
        for index, doubling in enumerate(self.doublings, start=1):
            features = doubling(maps[-1])
            if index >= self.distance:
                below = index - self.distance
                features = self.excitations[below](features, maps[below])
            maps.append(features)
        images = self.last(maps[-1])
        return torch.tanh(images) if activated else images


class Decoder(nn.Module):
    """Feature maps (N, features, h, w) to images (N, channels, height, width) in [-1, 1].

    `sides` are those of the feature maps behind each doubling. Each doubling halves the features. The paper's decoders
    have four convolutions (section 3.2).
    """

    def __init__(self, features: Size, channels: Size, sides: Sequence[Sides]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for side in sides:
            layers += gated_doubling(features, max(features // 2, 1), side, batch_norm=False)
            features = max(features // 2, 1)
        self.layers = nn.Sequential(*layers, scaled(nn.Conv2d(features, channels, kernel_size=3, padding=1)), nn.Tanh())

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)


class Reconstruction(nn.Module):
    """Two decoders of a discriminator's last two feature maps (section 3.2).

    One makes the whole image of the last map, which is `halvings` times smaller. The other makes a corner of the image
    of the same corner of the map before, of half its sides. Both double the side at most four times, so what they
    should make is shrunk where an image is larger. `features` are the numbers of features of both maps.
    """

    def __init__(self, height: int, width: int, halvings: int, features: tuple[int, int], channels: Size) -> None:
        super().__init__()
        sides = pyramid(height, width, halvings)
        self.corner = (sides[-2][0] // 2, sides[-2][1] // 2)
        scale = 2 ** (halvings - 1)
        self.corner_of_image = (self.corner[0] * scale, self.corner[1] * scale)
        parts = pyramid(*self.corner_of_image, halvings - 1)
        self.part = Decoder(features[0], channels, parts[::-1][1 : _DECODED + 1])
        self.whole = Decoder(features[1], channels, sides[::-1][1 : _DECODED + 1])
        self.shrunk_part = nn.Sequential(*(Halving() for _ in range(halvings - 1 - _DECODED)))
        self.shrunk = nn.Sequential(*(Halving() for _ in range(halvings - _DECODED)))

    def forward(self, images: Tensor, before: Tensor, last: Tensor, where: Tensor) -> list[tuple[Tensor, Tensor]]:
        part = self.part(corner(before, self.corner, where))
        wanted_part = self.shrunk_part(corner(images, self.corner_of_image, where))
        return [(part, wanted_part), (self.whole(last), self.shrunk(images))]


class Discriminator(base.Discriminator):
    """Images (N, channels, height, width) to logits (N / packing,). There is no sigmoid.

    A 3x3 convolution to `width` features, and blocks that halve the side and double the features, at most to 16
    `width`, down to 5 to 8 pixels a side, but at least two blocks. Then a 1x1 convolution. The paper judges each 4x4
    window of the last feature map by itself. Here the logit of an image is the mean of theirs: a linear function of
    the mean window.

    - `normalization`: "none", or "spectral". The paper has spectral norm before batch norm, which restores the scale;
      alone it keeps the logits so close to 0 that D hardly learns.
    - `head_bias`: whether the last layer has a bias; None means yes. Relativistic losses cannot train one.
    - `packing`: that many neighboring images form one input with more channels, and get one logit together.
    - `reconstructs`: whether the network has decoders that make images of its feature maps (section 3.2). A penalty
      trains them, and decides.

    The network takes no labels. Raises ValueError if `image_size` is below 8.
    """

    suits_bfloat16 = True

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        width: Size = 32,
        normalization: Literal["none", "spectral"] = "none",
        head_bias: bool | None = None,
        packing: Size = 1,
        reconstructs: bool = False,
    ) -> None:
        super().__init__()
        self.packing = packing_of(packing, conditional=False)
        self.reconstructs = reconstructs
        growing_sides(*height_and_width(image_size))  # refuses an image that G could not make
        halvings = _halvings(*height_and_width(image_size))
        height, breadth = pyramid(*height_and_width(image_size), halvings)[-1]
        widths = [width * min(2**level, _WIDEST) for level in range(halvings + 1)]
        stem = scaled(nn.Conv2d(packing * channels, width, kernel_size=3, padding=1))
        self.maps = nn.ModuleList([nn.Sequential(weighted(stem, normalization), nn.LeakyReLU(0.2))])
        for index in range(halvings):
            self.maps.append(TwoPathHalving(widths[index], widths[index + 1], normalization))
        window = min(_WINDOW, height), min(_WINDOW, breadth)
        self.features = widths[-1] * window[0] * window[1]
        last = scaled(nn.Conv2d(widths[-1], widths[-1], kernel_size=1), LEAKY_RELU_GAIN)
        self.judge = nn.Sequential(
            weighted(last, normalization),
            nn.LeakyReLU(0.2),
            nn.AvgPool2d((height - window[0] + 1, breadth - window[1] + 1), stride=1),
            nn.Flatten(),
            weighted(scaled(nn.Linear(self.features, 1, bias=head_bias is not False)), normalization),
        )
        self.reconstruction: Reconstruction | None = None
        if reconstructs:
            features = widths[-2], widths[-1]
            self.reconstruction = Reconstruction(*height_and_width(image_size), halvings, features, packing * channels)

    @property
    def head(self) -> nn.Module:
        """The last layer. Its first argument is the features (N / packing, features) that the logit is made of."""
        return self.judge[-1]

    @property
    def is_lipschitz(self) -> bool:
        """Whether every weight between image and logit is spectrally normalized. The decoders do not count."""
        return base.is_spectral(nn.ModuleList([self.maps, self.judge]))

    def forward(self, images: Tensor) -> Tensor:
        return self.judge(self._maps(packed(images, self.packing))[-1]).squeeze(1)

    def reconstructions(self, images: Tensor, where: Tensor) -> list[tuple[Tensor, Tensor]]:
        """A corner of each image and the whole image, as the decoders make them and as they are, (N, C, h, w) each.

        `where` (N, 2), in [0, 1), chooses the corners. Packs of images are one input, as elsewhere.
        """
        assert self.reconstruction is not None, "a penalty that reads reconstructions is built with decoders"
        together = packed(images, self.packing)
        *_, before, last = self._maps(together)
        return self.reconstruction(together, before, last, where[: len(together)])

    def _maps(self, images: Tensor) -> list[Tensor]:
        """The feature maps of images, from full size down."""
        maps: list[Tensor] = []
        for layer in self.maps:
            maps.append(layer(maps[-1] if maps else images))
        return maps


def _halvings(height: int, width: int) -> int:
    """How often D halves the side: until the shorter one is at most 8, but at least twice."""
    shorter, halvings = min(height, width), 0
    while shorter > 8:
        shorter, halvings = (shorter + 1) // 2, halvings + 1
    return max(halvings, 2)
