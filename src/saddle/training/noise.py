"""Noise by counters: a function of (seed, iteration, purpose, row of the global batch).

Nothing has to be saved to resume, and two ranks draw together what one process would draw alone: each takes its rows.
The counters are hashed to a seed (`saddle.seed`). What cannot be drawn this way (dropout) uses torch's default
generators, reseeded by `reseed` in each iteration and per rank.
"""

import torch
from torch import Tensor

from saddle.seed import hashed_seed


class Noise:
    """Draws for one iteration at a time; `start` begins the next.

    The global batch has `rows` rows: `parts` accumulated parts in sequence, each split evenly over `world_size` ranks.
    """

    def __init__(self, seed: int, rows: int, parts: int = 1, rank: int = 0, world_size: int = 1) -> None:
        self.seed, self.rows, self.parts = seed, rows, parts
        self.rank, self.world_size = rank, world_size
        self.start(0)

    def start(self, iteration: int) -> None:
        """Forget the last iteration's numbers and begin `iteration`."""
        self.iteration = iteration
        self._drawn: dict[tuple[str, str], Tensor] = {}

    def rows_of(self, part: int) -> slice:
        """The rows of the global batch that this rank has in part `part`."""
        size = self.rows // (self.parts * self.world_size)
        first = (part * self.world_size + self.rank) * size
        return slice(first, first + size)

    def draw(self, kind: str, purpose: str, shape: tuple[int, ...], part: int, like: Tensor) -> Tensor:
        """This rank's rows of part `part`: `shape` (N, ...), on the device and in the dtype of `like`.
        They are drawn in float32, so that precision does not change them.

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

    Row i does not depend on N, so that more samples of a seed begin with the same ones.
    """
    generator = torch.Generator()
    generator.manual_seed(hashed_seed(seed, purpose))
    return torch.cat([torch.randn((1, *shape[1:]), generator=generator, dtype=torch.float32) for _ in range(shape[0])])
