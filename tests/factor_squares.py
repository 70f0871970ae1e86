"""Data of two known factors that draws fast: where a square lies, and how gray it is."""

import torch
from torch import Tensor

from saddle.data.factors import FactorData

LEVELS = torch.tensor([0, 90, 255], dtype=torch.uint8)


class Squares(FactorData):
    """A square in one of three places, with one of three gray levels, on 8x8 pixels of another one."""

    factors = ("place", "level")
    options = 3
    mode_factors = 1
    label_factor = 1
    size = 512

    def __init__(self, channels: int = 1) -> None:
        super().__init__(8, channels, 3, 4, seed=0)

    def load(self) -> tuple[Tensor, Tensor]:
        return self.drawn(self.codes()), self.codes()[:, self.label_factor]

    def codes(self) -> Tensor:
        return self.codes_of(torch.tensor([0, 4]))

    def test_codes(self) -> Tensor:
        return self.codes_of(torch.tensor([8]))

    def drawn(self, codes: Tensor) -> Tensor:
        images = torch.full((len(codes), self.channels, 8, 8), 180, dtype=torch.uint8)
        for place in range(3):
            rows = codes[:, 0] == place
            images[rows, :, 1:7, 2 * place + 1 : 2 * place + 3] = LEVELS[codes[rows, 1]].view(-1, 1, 1, 1)
        return images
