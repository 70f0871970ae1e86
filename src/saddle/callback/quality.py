"""Sample quality in training, in the feature space of a classifier, and the best checkpoint by it."""

from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from saddle.bound import Count, Samples
from saddle.callback.curves import publish
from saddle.data.module import ImageData
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.metric.classes import mode_coverage
from saddle.metric.extractor import Extractor, extractor_for
from saddle.metric.reference import chosen, reference
from saddle.metric.score import Read, quick
from saddle.seed import hashed_seed
from saddle.training.module import GameModule
from saddle.training.sampling import images_from, sources_for

PREFIX = "metric/"
FRECHET = f"{PREFIX}frechet"


class Quality(Callback):
    """Compares samples of the averaged generator with training images every `every_images` and at the end.

    `num` samples and at most `num` training images, the same ones for every run on the data, are read by `extractor`
    (of another domain, as `data.readable` shows them to it; a generator that translates is given held-out sources):
    `auto`, the classifier that comes with saddle for the data, if there is one; `none`; or a file, of a classifier
    (.safetensors) or of Inception (.pth). The figures of `saddle.metric.score.quick` are logged as metric/frechet and
    so on, and where the classifier reads the data's own classes, how many are hit and their divergence (modes,
    modes_kl). Whenever metric/frechet is lower than ever, the checkpoint becomes `folder`/best.ckpt. What is read in
    the training images is kept in `cache`.

    Only the first rank measures, all of `num`, so the figures do not depend on the number of processes.
    """

    def __init__(
        self,
        folder: str,
        extractor: str = "auto",
        num: Samples = 10_000,
        every_images: Count | None = 256_000,
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
        """What the figures were made from: figures of different stamps cannot be compared. None: no metric applies."""
        self.latest: Read | None = None
        """What was read in the samples of the last comparison."""
        self.real: Read | None = None
        """What was read in the training images."""
        self._measured: int | None = None

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = state["best"]

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

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self.extractor = self.load(trainer.datamodule)
        if self.extractor is None or not trainer.is_global_zero or trainer.fast_dev_run:
            return
        data = trainer.datamodule
        images = data.readable(chosen(data.training()[0], self.num))
        self.real = reference(images, self.extractor, self.cache)
        known = self.extractor.reads_classes_of(type(data).__name__, data.extractor)
        known = known and self.real.probabilities.shape[1] == data.classes
        self._shares = data.label_shares() if known else None
        average = "average" if module.ema is not None else "generator"
        self.stamp = {"extractor": self.extractor.stamp, "real": len(images), "generated": self.num, "network": average}

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        images, every = module.clock.images, self.every_images
        if every is not None and images // every > (images - module.rows) // every:
            self._compare(trainer, module)

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        if self._measured != module.clock.iteration:
            self._compare(trainer, module)

    def _compare(self, trainer: Trainer, module: GameModule) -> None:
        if self.extractor is None or trainer.fast_dev_run:
            return
        self._measured = module.clock.iteration
        figure = self._measure(trainer, module) if trainer.is_global_zero else 0.0
        figure = trainer.strategy.broadcast(figure)
        if self.best is None or figure < self.best:
            self.best = figure
            trainer.save_checkpoint(self.path)

    def _measure(self, trainer: Trainer, module: GameModule) -> float:
        self.latest = self._samples(trainer.datamodule, module)
        found = quick(self.real, self.latest)
        if self._shares is not None:
            counted = mode_coverage(self.latest.labels, self._shares)
            found |= {"modes": counted.covered, "modes_kl": counted.kl}
        values = {f"{PREFIX}{name}": value for name, value in found.items()}
        publish(trainer, module.clock.iteration, values)
        return values[FRECHET]

    def _samples(self, data: ImageData, module: GameModule) -> Read:
        """What the extractor reads in samples; where they are not finite, features that are not, either."""
        sampler, finite = module.sampler(), []
        watch = sampler.register_forward_hook(lambda network, given, made: finite.append(made.isfinite().all()))
        sources = sources_for(sampler, data, self.num)
        samples = images_from(sampler, self.num, hashed_seed(module.seed, "quality"), sources=sources)
        watch.remove()
        features, probabilities = self.extractor(data.readable(samples))
        if not all(finite):
            features = torch.full_like(features, torch.inf)  # samples are bytes, which have no word for it
        return Read(features, probabilities)
