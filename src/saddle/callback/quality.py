"""Sample quality in training, in the feature space of a classifier, and the best checkpoint by it."""

from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningModule, Trainer
from torch import Tensor, nn

from saddle.bound import Count, Samples
from saddle.callback.curves import publish
from saddle.callback.scheduled import Scheduled
from saddle.callback.stop import end, stopped
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.metric.base import Extractor
from saddle.metric.classes import mode_coverage
from saddle.metric.extractor import extractor_for
from saddle.metric.reference import chosen, reference
from saddle.metric.score import Read, quick
from saddle.seed import hashed_seed
from saddle.training.due import NEVER, next_crossing, next_round
from saddle.training.module import GameModule
from saddle.training.sampling import images_from, sources_for

PREFIX = "metric/"
FRECHET = f"{PREFIX}frechet"
_FIRST = 50_000  # images
_AT_ONCE = 500  # images read between two looks at whether to stop


class _CutShortError(Exception):
    """A signal came in the middle of a comparison."""


class Quality(Scheduled):
    """Compares samples of the averaged generator with training images at growing intervals and at the end.

    That is after 50,000 images, 100,000, 200,000, 500,000 and so on, but at least every `every_images`: early, where
    much changes, more often, and over a long run at a small share of its time.

    `num` samples and at most `num` training images, the same ones for every run on the data, are read by `extractor`
    (of another domain, as `data.readable` shows them to it; a generator that translates is given held-out sources):
    `auto`, the classifier that comes with saddle for the data, if there is one; `none`; or a file, of a classifier
    (.safetensors) or of Inception (.pth). The metrics of `saddle.metric.score.quick` are logged as metric/frechet and
    so on, and where the classifier reads the data's own classes, how many are hit and their divergence (modes,
    modes_kl). Whenever metric/frechet is lower than ever, the checkpoint becomes `folder`/best.ckpt. What is read in
    the training images is kept in `cache`.

    A signal cuts a comparison short; the run that goes on makes up for it before its first iteration.

    Only the first rank measures, all of `num`, so the metrics do not depend on the number of processes.
    """

    def __init__(
        self,
        folder: str,
        extractor: str = "auto",
        num: Samples = 10_000,
        every_images: Count | None = 500_000,
        cache: str | None = "outputs/cache",
    ) -> None:
        if num < 4:
            raise ValueError("num should be at least 4: the kernel distance is a mean over blocks")
        self.path, self.choice = Path(folder) / "best.ckpt", extractor
        self.num, self.every_images = num, every_images
        self.cache = None if cache is None else Path(cache).expanduser()
        self.best: float | None = None
        """The lowest metric/frechet so far."""
        self.stamp: dict[str, Any] | None = None
        """What the metrics were made from: metrics of different stamps cannot be compared. None: no metric applies."""
        self.latest: Read | None = None
        """What was read in the samples of the last comparison."""
        self.real: Read | None = None
        """What was read in the training images."""
        self._measured: int | None = None
        self._owed = False  # a comparison that a signal cut short: the resumed run makes up for it

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "owed": self._owed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self._owed = state["best"], state.get("owed", False)

    def load(self, data: Any) -> Extractor | None:
        """The extractor for a data module, or None if no metric applies; raises InputError if it does not fit."""
        if isinstance(data, PointData):
            if self.choice in ("auto", "none"):
                return None
            raise InputError(
                f"callback.quality.extractor={self.choice} reads images, and {type(data).__name__} delivers points, "
                "which callback.points measures: use auto"
            )
        found = extractor_for(self.choice, data.extractor)
        if found is not None:
            found.check(data.channels)
        return found

    def next_due(self, iteration: int, rows: int) -> int:
        if self.every_images is None:
            return NEVER
        images = next_round(max(iteration * rows, _FIRST - 1))
        return min(next_crossing(iteration, rows, self.every_images), -(-images // rows))

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self.extractor = self.load(trainer.datamodule)
        if self.extractor is not None and trainer.is_global_zero and not trainer.fast_dev_run:
            self._prepare(trainer, module)
        if self._owed:
            self._compare(trainer, module)

    def _prepare(self, trainer: Trainer, module: LightningModule) -> None:
        data = trainer.datamodule
        images = data.readable(chosen(data.training()[0], self.num))
        self.real = reference(images, self.extractor, self.cache)
        known = self.extractor.reads_classes_of(type(data).__name__, data.extractor)
        known = known and self.real.probabilities.shape[1] == data.classes
        self._shares = data.label_shares() if known else None
        average = "average" if module.ema is not None else "generator"
        self.stamp = {"extractor": self.extractor.stamp, "real": len(images), "generated": self.num, "network": average}

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if self.is_due(module):
            self._compare(trainer, module)

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        if self._measured != module.clock.iteration and not stopped(trainer):  # whoever stops it is waiting
            self._compare(trainer, module)

    def _compare(self, trainer: Trainer, module: GameModule) -> None:
        if self.extractor is None or trainer.fast_dev_run:
            return
        try:
            distance = self._measure(trainer, module) if trainer.is_global_zero else 0.0
        except _CutShortError:
            distance = None
        distance = trainer.strategy.broadcast(distance)
        self._owed = distance is None
        if distance is None:
            end(trainer)  # now, so that the checkpoint is of this iteration
            return
        self._measured = module.clock.iteration
        if self.best is None or distance < self.best:
            self.best = distance
            trainer.save_checkpoint(self.path)

    def _measure(self, trainer: Trainer, module: GameModule) -> float:
        self.latest = self._samples(trainer, module)
        found = quick(self.real, self.latest)
        if self._shares is not None:
            counted = mode_coverage(self.latest.labels, self._shares)
            found |= {"modes": counted.covered, "modes_kl": counted.kl}
        values = {f"{PREFIX}{name}": value for name, value in found.items()}
        publish(trainer, module.clock.iteration, values)
        return values[FRECHET]

    def _samples(self, trainer: Trainer, module: GameModule) -> Read:
        """What the extractor reads in samples; where they are not finite, features that are not, either."""
        sampler, finite, data = module.sampler(), [], trainer.datamodule

        def look(network: nn.Module, given: Any, made: Tensor) -> None:
            finite.append(made.isfinite().all())
            _go_on(trainer)

        with sampler.register_forward_hook(look):
            sources = sources_for(sampler, data, self.num)
            samples = images_from(sampler, self.num, hashed_seed(module.seed, "quality"), sources=sources)
        read = []
        for part in data.readable(samples).split(_AT_ONCE):
            _go_on(trainer)
            read.append(self.extractor(part))
        features, probabilities = (torch.cat(parts) for parts in zip(*read, strict=True))
        if not all(finite):
            features = torch.full_like(features, torch.inf)  # samples are bytes, which have no word for it
        return Read(features, probabilities)


def _go_on(trainer: Trainer) -> None:
    if stopped(trainer):
        raise _CutShortError
