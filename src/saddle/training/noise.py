"""Counter-based noise: a function of (seed, iteration, purpose, row of the global batch).

Resuming needs no saved state, and two ranks draw together what one process draws alone: each takes its rows. The
counters are hashed to a seed (`saddle.seed`). Dropout and the like use torch's default generators, which `reseed` seeds
in each iteration and on each rank.
"""

import torch
from torch import Tensor

from saddle.seed import hashed_seed


class Noise:
    """Draws for one iteration at a time; `start` begins the next.

    The global batch of `rows` rows consists of `parts` accumulated parts, each split over `world_size` ranks.
    """

    def __init__(self, seed: int, rows: int, parts: int = 1, rank: int = 0, world_size: int = 1) -> None:
        self.seed, self.rows, self.parts = seed, rows, parts
        self.rank, self.world_size = rank, world_size
        self.start(0)

    def start(self, iteration: int) -> None:
        """Begin `iteration` and drop the numbers of the last one."""
        self.iteration = iteration
        self._drawn: dict[tuple[str, str], Tensor] = {}

    def rows_of(self, part: int) -> slice:
        """The rows of the global batch that belong to part `part` on this rank."""
        size = self.rows // (self.parts * self.world_size)
        first = (part * self.world_size + self.rank) * size
        return slice(first, first + size)

    def draw(self, kind: str, purpose: str, shape: tuple[int, ...], part: int, like: Tensor) -> Tensor:
        """Noise of `shape` (N, ...) for the rows of part `part` on this rank, in the device and dtype of `like`.

        It is drawn in float32, so precision does not change it.
        `kind` is "normal" or "uniform". Raises ValueError if N is not the number of rows of a part on this rank.
        """
        rows = self.rows_of(part)
        if shape[0] != rows.stop - rows.start:
            raise ValueError(f"noise {purpose!r} needs {rows.stop - rows.start} rows, one per image; got {shape[0]}")
        key = (kind, purpose)
        if key not in self._drawn:
            generator = torch.Generator(like.device)
            generator.manual_seed(hashed_seed(self.seed, self.iteration, kind, purpose))
            sample = torch.randn if kind == "normal" else torch.rand
            numbers = sample((self.rows, *shape[1:]), generator=generator, device=like.device, dtype=torch.float32)
            self._drawn[key] = numbers.to(like.dtype)
        return self._drawn[key][rows]

    def reseed(self) -> None:
        """Seed torch's default generators for this iteration and rank (dropout and the like)."""
        seed = hashed_seed(self.seed, self.iteration, "default", self.rank)
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_available():
            torch.cuda.manual_seed(seed)


def fixed_noise(seed: int, purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Standard normal numbers (N, ...) on the CPU, for use outside of training: a function of seed and purpose.

    Row i does not depend on N, so a larger sample of a seed starts with the same rows.
    """
    generator = torch.Generator()
    generator.manual_seed(hashed_seed(seed, purpose))
    one_row = (1, *shape[1:])
    return torch.cat([torch.randn(one_row, generator=generator, dtype=torch.float32) for _ in range(shape[0])])
