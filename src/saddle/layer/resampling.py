"""Feature maps of twice and of half the side, by fixed filters, and the sides between a small map and an image.

A fixed filter whose weights sum to 1 at every output pixel turns a constant map into a constant map. The four phases
of a transposed convolution have weights of their own and need not, which shows as a checkerboard (Odena et al. 2016,
"Deconvolution and Checkerboard Artifacts"; Huang et al. 2024, section 3, arXiv 2501.05441).
"""

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from saddle.bound import Count

Sides = tuple[int, int]
"""Height and width of a feature map."""

SMALLEST = 4
"""The shorter side of a network's smallest feature map is at least this."""


def growing_sides(height: int, width: int) -> list[Sides]:
    """The sides of the feature maps from the smallest to the image (height, width), each half of the next, rounded up.

    The shorter side of the smallest is 4 to 8: as many halvings as leave at least 4. Raises ValueError if there is
    none, because a side of the image is below 8.
    """
    shorter = min(height, width)
    halvings = (shorter // SMALLEST).bit_length() - 1
    if halvings < 1:
        raise ValueError(f"image_size={shorter} is too small for these networks: use at least {2 * SMALLEST}")
    return pyramid(height, width, halvings)[::-1]


def pyramid(height: int, width: int, halvings: int) -> list[Sides]:
    """The sides of an image (height, width), then of each of its `halvings`, rounded up."""
    sides = [(height, width)]
    for _ in range(halvings):
        above, beside = sides[-1]
        sides.append(((above + 1) // 2, (beside + 1) // 2))
    return sides


class Upsampling(nn.Module):
    """Feature maps (N, C, h, w) to (N, C, height, width), h and w being half of it, rounded up.

    "nearest" repeats each pixel. "bilinear" weighs the two nearest pixels of each axis by 3/4 and 1/4, so it also turns
    a ramp into a ramp, away from the border. Odd sides are cropped by one.
    """

    def __init__(self, sides: Sides, mode: Literal["nearest", "bilinear"]) -> None:
        super().__init__()
        self.height, self.width = sides
        self.mode = mode

    def forward(self, features: Tensor) -> Tensor:
        return interpolate(features, scale_factor=2, mode=self.mode)[..., : self.height, : self.width]


class Halving(nn.Module):
    """Feature maps (N, C, h, w) to maps of half the sides, rounded up: the mean of each 2x2 pixels.

    This is bilinear interpolation at half the size. At an odd border it is the mean of the pixels that are there.
    """

    def forward(self, features: Tensor) -> Tensor:
        return avg_pool2d(features, 2, ceil_mode=True)


class PooledTo(nn.Module):
    """Feature maps (N, C, h, w) to (N, C, side, side): means over equal windows; h and w are at least `side`.

    The windows overlap where a side is no multiple of `side`.
    """

    def __init__(self, side: Count) -> None:
        super().__init__()
        self.side = side

    def forward(self, features: Tensor) -> Tensor:
        steps = [length // self.side for length in features.shape[2:]]
        reached = [step * (self.side - 1) for step in steps]
        windows = [length - start for length, start in zip(features.shape[2:], reached, strict=True)]
        return avg_pool2d(features, windows, steps)
