"""Takes the readings of a run, and remembers what later readings are compared with."""

from typing import Any

import torch
from torch import Tensor

from saddle.callback.probe import gradients, neighbors, separation
from saddle.game.turn import Batch
from saddle.seed import hashed_seed
from saddle.training.data_module import GameDataModule
from saddle.training.module import GameModule
from saddle.training.sampling import images_from, sources_for

_WINDOW = 20  # checks over which D's separation is averaged
_SAMPLES = 256
_FEWEST = 32  # fewer images make twins and neighbors meaningless


class Monitor:
    """Takes readings by the functions of `saddle.callback.probe`.

    It remembers D's `separation` in the last 20 checks, the largest gradient that G has received, and 256 training
    images. The first two are part of a run's state; the images are the same in every process.
    """

    def __init__(self) -> None:
        self._separations: list[float] = []
        self._largest_signal = 0.0
        self._real: Tensor | None = None

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs."""
        return {"separations": list(self._separations), "largest_signal": self._largest_signal}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self._separations, self._largest_signal = list(state["separations"]), state["largest_signal"]

    def note_separation(self, module: GameModule) -> None:
        """Remember D's separation in the iteration just played, if its logits were observed."""
        for played in module.played.values():
            if {"real", "fake"} <= played.observed.keys():
                self._separations.append(float(separation(played.observed["real"], played.observed["fake"])))
                del self._separations[:-_WINDOW]
                return

    def take(self, module: GameModule, batch: Batch, data: GameDataModule) -> dict[str, float]:
        """Readings by name, from one pass over `batch` and samples beside training rows of `data`."""
        readings = gradients(module, batch) | self._neighbors(module, data)
        if self._separations:
            readings["separation"] = sum(self._separations) / len(self._separations)
        return readings

    def ratios(self, readings: dict[str, float]) -> dict[str, float]:
        """Gradients relative to others: to the largest of the run, and at generated images to that at real ones."""
        if "signal" not in readings:
            return {}
        self._largest_signal = max(self._largest_signal, readings["signal"])
        real = max(readings["input_gradient_real"], 1e-30)
        fake = max(readings["input_gradient_fake"], 1e-30)
        return {
            "signal_share": readings["signal"] / max(self._largest_signal, 1e-30),
            "gradient_ratio": fake / real,
        }

    def _neighbors(self, module: GameModule, data: GameDataModule) -> dict[str, float]:
        assert data.loader is not None, "training has begun"
        rows = data.loader.images  # or points
        number = min(_SAMPLES, len(rows))
        if number < _FEWEST or "generator" not in module.networks:
            return {}
        if self._real is None:
            order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
            self._real = rows[order[:number]]
        sampler = module.sampler()
        sources = sources_for(sampler, data.data, number)
        labels = module.sampled_labels(number)
        samples = images_from(sampler, number, hashed_seed(module.seed, "health"), labels, sources=sources)
        return neighbors(self._real, samples)
