"""Adaptive discriminator augmentation (ADA) of Karras et al. 2020, sections 2 and 3, appendix B (arXiv 2006.06676)."""

from collections.abc import Callable
from functools import partial, reduce
from typing import Annotated

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor

from saddle.augmentation import color, geometry
from saddle.augmentation.base import Augmentation, Uniform, check_colors
from saddle.augmentation.matrix import product
from saddle.augmentation.pixel import warped
from saddle.bound import Count, Fraction, ImageSize, Positive
from saddle.tracing import is_traced

Degrees = Annotated[float, Ge(0), Le(180)]
"""The largest angle to either side, in degrees."""

Target = Annotated[float, Gt(-1), Lt(1)]
"""A mean of signs, strictly between -1 and 1, so that the measured mean can be above and below it."""

Changes = dict[str, Callable[..., Tensor]]
"""Functions by name, from numbers (N, 2) and, for geometry, the size in pixels, to matrices (N, k, k)."""


class ADA(Augmentation):
    """Applies each change to each image with probability `p`, which rises while D overfits and falls otherwise.

    The measure of overfitting is r_t, the mean sign of D's logits on augmented real images. After every
    `every_iterations` steps of D, p rises if r_t is above `target` and falls if it is below. The size of the move is
    the number of images since the last one, divided by `speed_images`; so p takes at least `speed_images` images to go
    from 0 to 1. p begins at 0, where nothing is changed, and stays in [0, `limit`]. (The paper clamps at 0 only. Above
    1 no change grows stronger, but p takes longer to come back.) r_t is meaningful only if D's logits are above 0 on
    images that it takes for real, as under the non-saturating, minimax and hinge losses.

    The changes, in the paper's order: `flip` (left and right), `quarter_turn`, `translation` by whole pixels, `scale`,
    rotation by up to `rotation_degrees` before and after a `stretch` of one axis against the other,
    `fractional_translation`; then `brightness`, `contrast`, `luma_flip`, `hue` and `saturation`. The last three need
    channels that are red, green and blue. Alpha is moved like the colors, which are changed as if there were none. The
    ranges are the paper's; see geometry.py and color.py. Changed colors may leave [-1, 1].

    A change that is too frequent leaks: G generates changed images, because D rarely sees unchanged ones. The paper
    saw no leak below p = 0.8. The defaults are chosen for digits, so that a leak would still look like handwriting:
    no flips, no quarter turns, and rotation by 15 degrees instead of the paper's 180, which turn a 9 into a 6.

    All geometric changes are combined in one matrix and one bilinear resampling with the paper's mirrored border, but
    without its orthogonal low-pass filter. So changes by whole pixels are exact, others lose a little sharpness, and
    shrinking may alias.
    """

    needs_logit_sign = True
    shown = ("p", "r_t")

    p: Tensor
    """The probability of each change, in [0, `limit`]."""
    r_t: Tensor
    """The overfitting measured when p last moved, in [-1, 1]; 0 before the first move."""
    signs: Tensor
    """The sum of the signs of D's logits since p last moved."""
    logits: Tensor
    """The number of these logits, int64."""
    images: Tensor
    """The number of images since p last moved, int64."""
    steps: Tensor
    """The number of D's steps since p last moved, int64."""

    def __init__(
        self,
        flip: bool = False,
        quarter_turn: bool = False,
        translation: bool = True,
        scale: bool = True,
        rotation_degrees: Degrees = 15.0,
        stretch: bool = True,
        fractional_translation: bool = True,
        brightness: bool = True,
        contrast: bool = True,
        luma_flip: bool = False,
        hue: bool = False,
        saturation: bool = False,
        target: Target = 0.6,
        every_iterations: Count = 4,
        speed_images: Positive = 500_000,
        limit: Fraction = 1.0,
    ) -> None:
        super().__init__()
        rotation = partial(geometry.rotation, degrees=rotation_degrees)
        self.geometry = _enabled(
            {
                "flip": (flip, geometry.flip),
                "quarter_turn": (quarter_turn, geometry.quarter_turn),
                "translation": (translation, geometry.translation),
                "scale": (scale, geometry.scale),
                "rotation_before": (rotation_degrees > 0, rotation),
                "stretch": (stretch, geometry.stretch),
                "rotation_after": (rotation_degrees > 0, rotation),
                "fractional_translation": (fractional_translation, geometry.fractional_translation),
            }
        )
        self.light = _enabled({"brightness": (brightness, color.brightness), "contrast": (contrast, color.contrast)})
        self.mixing = _enabled(
            {
                "luma_flip": (luma_flip, color.luma_flip),
                "hue": (hue, color.hue),
                "saturation": (saturation, color.saturation),
            }
        )
        self.target = target
        self.every_iterations = every_iterations
        self.speed_images = speed_images
        self.limit = limit
        for name in ("p", "r_t", "signs"):
            self.register_buffer(name, torch.zeros(()))
        for name in ("logits", "images", "steps"):
            self.register_buffer(name, torch.zeros((), dtype=torch.int64))

    def check(self, channels: int) -> None:
        """Raise InputError if `luma_flip`, `hue` or `saturation` is on, and `channels` is neither 3 nor 4."""
        check_colors(list(self.mixing), channels)

    def forward(self, images: Tensor, uniform: Uniform) -> Tensor:
        """Changed images (N, C, H, W).

        The purposes are "ada." plus the name of a change, (N, 3): the first number decides whether the change is
        applied, the other two decide how.
        """
        self.check(images.shape[1])
        if not is_traced() and not self.p:  # a graph cannot branch here: it computes the same images, only slower
            return images
        changed = images
        if self.geometry:
            # Each matrix leads from the result back to the image, so the first change stands on the left.
            size = images.shape[2], images.shape[3]
            matrices = self._matrices(self.geometry, uniform, len(images), (size,))
            changed = warped(changed, reduce(product, matrices))
        if self.light or self.mixing:
            matrices = self._matrices(self.light | self.mixing, uniform, len(images), ())
            recolor = color.mixed if self.mixing else color.relit
            changed = recolor(changed, reduce(product, reversed(matrices)))
        return changed.to(images.dtype)

    def _matrices(self, changes: Changes, uniform: Uniform, rows: int, sizes: tuple[ImageSize, ...]) -> list[Tensor]:
        """A matrix (N, k, k) for each change, called with `sizes`; the identity in rows that are not changed."""
        matrices = []
        for name, change in changes.items():
            numbers = uniform(f"ada.{name}", (rows, 3))
            # With this probability for each of the two rotations, at least one happens with probability p.
            probability = 1 - (1 - self.p).sqrt() if name.startswith("rotation") else self.p
            changing = change(numbers[:, 1:], *sizes)
            identity = torch.eye(changing.shape[1], dtype=changing.dtype, device=changing.device)
            matrices.append(torch.where(numbers[:, 0, None, None] < probability, changing, identity))
        return matrices

    @torch.no_grad()
    def observe(self, real_logits: Tensor, images: int | Tensor) -> None:
        """Count the signs of D's logits (M,) on a batch of `images` augmented real images; move p if a move is due."""
        self.signs += real_logits.sign().sum()
        self.logits += real_logits.numel()
        self.images += images
        self.steps += 1
        due = self.steps == self.every_iterations  # a tensor, not a branch: the host need not wait for the device
        self.r_t.copy_(torch.where(due, self.signs / self.logits, self.r_t))
        moved = self.p + (self.r_t - self.target).sign() * self.images / self.speed_images
        self.p.copy_(torch.where(due, moved.clamp(0, self.limit), self.p))
        for count in (self.signs, self.logits, self.images, self.steps):
            count.masked_fill_(due, 0)


def _enabled(changes: dict[str, tuple[bool, Callable[..., Tensor]]]) -> Changes:
    """The changes that are switched on, in order."""
    return {name: change for name, (enabled, change) in changes.items() if enabled}
