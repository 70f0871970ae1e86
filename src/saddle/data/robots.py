"""Robots of Robohash (https://robohash.org): a million pictures of six known factors, ten options each."""

from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from saddle.bound import Count, Index, Side, SizeOrNone
from saddle.data.factors import FactorData
from saddle.data.robot_parts import COLORS, FACTORS, OPTIONS, RobotParts
from saddle.error import InputError
from saddle.seed import hashed_seed

_ROBOTS = OPTIONS ** len(FACTORS)


class Robots(FactorData):
    """Robots of a color, body, face, mouth, eyes and accessory, drawn once at the size that is asked for.

    `size` robots for training and 10,000 for tests are taken from the million in a random order, so that no robot is
    there twice; a larger training set includes a smaller one, and the test robots stay the same. They depend on
    `robot_seed` alone, never on the run's seed. With 3 channels robots stand on white, with 4 on nothing.

    The labels are the options of the factor `label`. `classes` must be 10, or 0 for no labels, or InputError is raised.
    The modes are the 1000 combinations of color, body and face.

    Pictures by Zikri Kader, CC-BY-3.0 or CC-BY-4.0, from the package `robohash`. Raises InputError without it.
    """

    test_size = 10_000
    """Number of test robots."""

    evaluated = 50_000
    extractor = "robots"
    license = "CC BY 3.0 or CC BY 4.0"
    labels_by_default = False
    """Its factors are to be found: a generator that is told one of them has less to find."""

    factors = FACTORS
    options = OPTIONS
    mode_factors = 3

    def __init__(
        self,
        image_size: Side,
        channels: Literal[3, 4],
        classes: SizeOrNone,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
        label: Literal["color", "body", "face", "mouth", "eyes", "accessory"] = "color",
        size: Count = 50_000,
        robot_seed: Index = 0,
    ) -> None:
        super().__init__(image_size, channels, classes, batch_size, seed, accumulate, limit, flip)
        if classes not in (0, OPTIONS):
            raise InputError(
                f"data.classes={classes}, but data.label={label} has {OPTIONS}: use data.classes={OPTIONS}, or 0 for "
                "no labels"
            )
        most = _ROBOTS - self.test_size
        if size > most:
            raise InputError(
                f"data.size={size}, but there are {_ROBOTS} robots, {self.test_size} of them for tests: "
                f"use at most {most}"
            )
        self.size, self.robot_seed = size, robot_seed
        self.label_factor = FACTORS.index(label) if classes else None
        self.parts = RobotParts(image_size, channels)
        if classes:
            self.known_classes = COLORS if label == "color" else tuple(f"{label} {n + 1}" for n in range(OPTIONS))

    def load(self) -> tuple[Tensor, Tensor | None]:
        return self.drawn(self.codes()), self._labels(self.codes())

    def load_test(self) -> tuple[Tensor, Tensor | None]:
        return self._test_robots, self._labels(self.test_codes())

    def codes(self) -> Tensor:
        size = self.size if self.limit is None else min(self.limit, self.size)
        return self.codes_of(self._order[:size])

    def test_codes(self) -> Tensor:
        return self.codes_of(self._order[_ROBOTS - self.test_size :])

    def drawn(self, codes: Tensor) -> Tensor:
        return self.parts.drawn(codes)

    @cached_property
    def _order(self) -> Tensor:
        """The numbers of all robots, int64, in the order in which they are taken."""
        generator = torch.Generator().manual_seed(hashed_seed("robots", self.robot_seed))
        return torch.randperm(_ROBOTS, generator=generator)

    @cached_property
    def _test_robots(self) -> Tensor:
        """They are asked for at every evaluation and take seconds to draw."""
        return self.drawn(self.test_codes())

    def _labels(self, codes: Tensor) -> Tensor | None:
        return None if self.label_factor is None else codes[:, self.label_factor]
