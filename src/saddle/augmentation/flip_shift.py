"""The transformation T of balanced consistency regularization (bCR), Zhao et al. 2020 (arXiv 2002.04724)."""

from torch import Tensor

from saddle.augmentation.base import Augmentation, Uniform, whole
from saddle.augmentation.pixel import shifted
from saddle.bound import Index


class FlipShift(Augmentation):
    """Shifts images by a few pixels and, if `flip`, mirrors half of them.

    Shifts are by whole pixels, up to `shift_pixels` each way, all equally likely. The uncovered border shows the mirror
    image. `flip` exchanges left and right; it is off by default because a mirrored digit is not a digit.
    """

    def __init__(self, flip: bool = False, shift_pixels: Index = 4) -> None:
        super().__init__()
        self.flip = flip
        self.shift_pixels = shift_pixels

    def forward(self, images: Tensor, uniform: Uniform) -> Tensor:
        """Changed images (N, C, H, W). Purposes: flip_shift.flip (N,) and flip_shift.shift (N, 2)."""
        rows = images.shape[0]
        if self.flip:
            mirror = uniform("flip_shift.flip", (rows,)) < 0.5
            images = images.flip(3).where(mirror.view(-1, 1, 1, 1), images)
        if self.shift_pixels:
            numbers = uniform("flip_shift.shift", (rows, 2))
            down, right = whole(numbers, -self.shift_pixels, self.shift_pixels).unbind(1)
            images = shifted(images, down, right)
        return images
