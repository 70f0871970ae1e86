"""Images made of known factors, which can be read back from what a generator draws."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from saddle.data.module import ImageData


class FactorData(ImageData):
    """Images that are drawn from codes: one of `options` for each of the `factors`.

    So it is known of each sample whether it shows all factors, which ones, and whether the training set has the same.
    """

    factors: Sequence[str]
    """The names of the factors, in the order of a code."""

    options: int
    """Number of options of each factor."""

    mode_factors: int
    """The first so many factors make the modes: their combinations, options ** `mode_factors` of them."""

    label_factor: int | None
    """The place, in a code, of the factor that labels name; None without labels."""

    @abstractmethod
    def codes(self) -> Tensor:
        """The codes of the training images in use, int64 (M, F)."""

    @abstractmethod
    def test_codes(self) -> Tensor:
        """The codes of the test images, int64 (L, F)."""

    @abstractmethod
    def drawn(self, codes: Tensor) -> Tensor:
        """The images, uint8 (N, C, H, W), of codes (N, F), int64."""

    def numbers(self, codes: Tensor) -> Tensor:
        """The number of each code (N, F), int64 (N,), in [0, options ** F): its digits, first factor first."""
        places = self.options ** torch.arange(codes.shape[1] - 1, -1, -1)
        return (codes * places).sum(1)

    def codes_of(self, numbers: Tensor) -> Tensor:
        """The codes (N, F) of numbers (N,), both int64; the inverse of `numbers`."""
        places = self.options ** torch.arange(len(self.factors) - 1, -1, -1)
        return numbers.unsqueeze(1) // places % self.options

    def fresh_codes(self, num: int, generator: torch.Generator) -> Tensor:
        """`num` random codes (num, F), int64, none of them that of a test image."""
        tested = self.numbers(self.test_codes())
        numbers = torch.randint(self.options ** len(self.factors), (num,), generator=generator)
        while (held_out := torch.isin(numbers, tested)).any():
            again = torch.randint(self.options ** len(self.factors), (int(held_out.sum()),), generator=generator)
            numbers[held_out] = again
        return self.codes_of(numbers)

    def mode_shares(self) -> Tensor:
        """The share of each mode, float64 (K,): all combinations of factors are equally likely."""
        modes = self.options**self.mode_factors
        return torch.full((modes,), 1 / modes, dtype=torch.float64)
