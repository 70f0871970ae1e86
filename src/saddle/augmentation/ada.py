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
from saddle.bound import Count, Fraction, Positive
from saddle.tracing import is_traced

Degrees = Annotated[float, Ge(0), Le(180)]
"""An angle to either side."""

Target = Annotated[float, Gt(-1), Lt(1)]
"""A mean of signs that can be reached from both sides."""


Changes = dict[str, Callable[..., Tensor]]
"""From numbers (N, 2) and, for geometry, the side in pixels, to matrices (N, k, k)."""


class ADA(Augmentation):
    """Each change is made to each image with probability `p`, which rises while D overfits and falls while it does not.

    Overfitting is r_t, the mean sign of D's logits on real images, augmented. Every `every_iterations` steps of D, p
    moves by the images seen since then divided by `speed_images`, up if r_t is above `target` and down if it is below
    (from 0 to 1 takes at least `speed_images` images). p starts at 0, where nothing is changed, and stays in
    [0, `limit`]. (The paper clamps at 0 only: above 1 nothing grows stronger, but p has a longer way back.) r_t
    supposes that D's logits are above 0 on what it takes for real, as with the non-saturating, minimax and hinge loss.

    In the paper's order: `flip` (left and right), `quarter_turn`, `translation` by whole pixels, `scale`, turns by up
    to `rotation_degrees` before and after a `stretch` of one axis against the other, `fractional_translation`; then
    `brightness`, `contrast`, `luma_flip`, `hue` and `saturation`, of which the last three need 3 channels that are
    red, green and blue. Ranges are the paper's, and stand in geometry.py and color.py. Changed colors may leave
    [-1, 1].

    A change that is made too often leaks: G makes changed images, because D hardly sees others. The paper saw none
    below p = 0.8. Defaults are for digits, so that a leak would still look like handwriting: no flips and no quarter
    turns, and 15 degrees where the paper takes 180, which makes a 6 of a 9.

    All geometry is one matrix and one bilinear reading with the paper's mirrored border, without its orthogonal
    low-pass filter: changes by whole pixels stay exact, others lose a little sharpness, and shrinking may alias.
    """

    p: Tensor
    """The probability of each change, in [0, `limit`]."""
    r_t: Tensor
    """The overfitting measured when p was last moved, in [-1, 1]; 0 before."""

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
        turn = partial(geometry.rotation, degrees=rotation_degrees)
        self.geometry = _wanted(
            {
                "flip": (flip, geometry.flip),
                "quarter_turn": (quarter_turn, geometry.quarter_turn),
                "translation": (translation, geometry.translation),
                "scale": (scale, geometry.scale),
                "rotation_before": (rotation_degrees > 0, turn),
                "stretch": (stretch, geometry.stretch),
                "rotation_after": (rotation_degrees > 0, turn),
                "fractional_translation": (fractional_translation, geometry.fractional_translation),
            }
        )
        self.light = _wanted({"brightness": (brightness, color.brightness), "contrast": (contrast, color.contrast)})
        self.mixing = _wanted(
            {
                "luma_flip": (luma_flip, color.luma_flip),
                "hue": (hue, color.hue),
                "saturation": (saturation, color.saturation),
            }
        )
        self.target, self.every_iterations, self.speed_images = target, every_iterations, speed_images
        self.limit = limit
        self.shown = ("p", "r_t")  # as curves
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("r_t", torch.zeros(()))
        self.register_buffer("signs", torch.zeros(()))  # their sum since p was last moved
        for name in ("logits", "images", "steps"):  # what was seen since then
            self.register_buffer(name, torch.zeros((), dtype=torch.int64))

    def check(self, channels: int) -> None:
        """Raise InputError if luma flip, hue or saturation is on and the images are not red, green and blue."""
        check_colors(list(self.mixing), channels)

    def forward(self, images: Tensor, uniform: Uniform) -> Tensor:
        """Changed images (N, C, H, W). Purposes: ada. and the name of a change, (N, 3): whether, and how (two)."""
        self.check(images.shape[1])
        if not is_traced() and not self.p:  # a graph cannot branch here: same result, slower
            return images
        changed = images
        if self.geometry:
            # Each matrix leads back from the result, so the first change stands to the left.
            back = self._matrices(self.geometry, uniform, len(images), (images.shape[3],))
            changed = warped(changed, reduce(product, back))
        if self.light or self.mixing:
            on = self._matrices(self.light | self.mixing, uniform, len(images), ())
            recolored = color.mixed if self.mixing else color.relit
            changed = recolored(changed, reduce(product, reversed(on)))
        return changed.to(images.dtype)

    def _matrices(self, changes: Changes, uniform: Uniform, rows: int, given: tuple[int, ...]) -> list[Tensor]:
        """A matrix (N, k, k) for each change, the identity in rows that are spared."""
        matrices = []
        for name, change in changes.items():
            numbers = uniform(f"ada.{name}", (rows, 3))
            # Two turns with this chance each: one or both happen with probability p.
            chance = 1 - (1 - self.p).sqrt() if name.startswith("rotation") else self.p
            changed = change(numbers[:, 1:], *given)
            spared = torch.eye(changed.shape[1], dtype=changed.dtype, device=changed.device)
            matrices.append(torch.where(numbers[:, 0, None, None] < chance, changed, spared))
        return matrices

    @torch.no_grad()
    def observe(self, real_logits: Tensor, images: int | Tensor) -> None:
        """Count the signs of D's logits (M,) on a batch of `images` augmented real images; move p where it is due."""
        self.signs += real_logits.sign().sum()
        self.logits += real_logits.numel()
        self.images += images
        self.steps += 1
        due = self.steps == self.every_iterations  # no branch: the device does not have to wait for the host
        self.r_t.copy_(torch.where(due, self.signs / self.logits, self.r_t))
        moved = self.p + (self.r_t - self.target).sign() * self.images / self.speed_images
        self.p.copy_(torch.where(due, moved.clamp(0, self.limit), self.p))
        for count in (self.signs, self.logits, self.images, self.steps):
            count.masked_fill_(due, 0)


def _wanted(changes: dict[str, tuple[bool, Callable[..., Tensor]]]) -> Changes:
    """Those that are switched on, in order."""
    return {name: change for name, (wanted, change) in changes.items() if wanted}
