"""Sample quality in training, in the feature space of an extractor, and the best checkpoint by it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from torch import Tensor, nn
from tqdm import tqdm

from saddle.bound import Count, Samples
from saddle.callback.at_end import AlsoAtEnd
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.publish import publish
from saddle.callback.stop import end, stopped
from saddle.callback.watching import let_judge
from saddle.data.module import ImageData
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.file import expanded
from saddle.metric.base import PREFIX, Extractor, MetricInputs, Read
from saddle.metric.extractor import extractor_for
from saddle.metric.factor_extractor import known_factors
from saddle.metric.known_factors import KnownFactors
from saddle.metric.measure import Metrics, check_enough, measured, measured_halves
from saddle.metric.reference import chosen, class_shares, reference
from saddle.seed import hashed_seed
from saddle.training.checkpoint import read_checkpoint
from saddle.training.due import NEVER, next_crossing, next_round
from saddle.training.module import GameModule
from saddle.training.sampling import images_from, sources_for

FRECHET = f"{PREFIX}frechet"
_FIRST = 50_000  # images
_BATCH_SIZE = 500  # images that are read before a signal is looked for again


class _CutShortError(Exception):
    """A signal came in the middle of a comparison."""


class Quality(AlsoAtEnd):
    """Compares samples of the averaged generator with training images at growing intervals and at the end.

    They come after 50,000 images, 100,000, 200,000, 500,000 and so on, but at least every `every_images`: often at the
    beginning, where much changes, and at a small share of the time of a long run.

    `extractor` reads `num` samples and at most `num` training images, the same ones in every run on the data. It is
    `auto`, what comes with saddle for the data, if anything does; `none`; or a file, of `saddle extractor`
    (.safetensors) or of Inception (.pth). Images of another domain are read as `data.readable` converts them. A
    generator that translates receives held-out sources, and a conditional one labels in the data's shares.

    The values of `metrics`, those of the config's group `metric`, are logged as metric/frechet and so on. Whenever
    metric/frechet reaches a new minimum, the checkpoint becomes `folder`/best.ckpt. A run that goes on with other data,
    or measures otherwise, begins a new best.ckpt and keeps the old one under another name. The features of the training
    images are cached in the folder `cache`.

    A signal interrupts a comparison; the resumed run repeats it before its first iteration.

    Only the first rank measures, all of `num`, so the metrics do not depend on the number of processes.
    """

    acts_when_stopped = False

    def __init__(
        self,
        folder: str,
        metrics: Mapping[str, Any],  # the program passes them in; their class is unknown where this header is read
        extractor: str = "auto",
        num: Samples = 10_000,
        every_images: Count | None = 500_000,
        cache: str | None = "outputs/cache",
    ) -> None:
        if num < 4:
            raise ValueError("num should be at least 4: the kernel distance is a mean over blocks")
        self.path, self.choice = Path(folder) / "best.ckpt", extractor
        self.metrics: Metrics = metrics
        self.num, self.every_images = num, every_images
        self.cache = None if cache is None else Path(expanded(cache))
        self.best: float | None = None
        """The lowest metric/frechet so far."""
        self.stamp: dict[str, Any] | None = None
        """What the metrics come from: metrics of different stamps cannot be compared. None: no metric applies."""
        self.extractor: Extractor | None = None
        """The network that reads images, known when training starts."""
        self.latest: Read | None = None
        """Features and classes of the samples in the last comparison."""
        self.real: Read | None = None
        """Features and classes of the training images."""
        self._on_disk: float | None = None  # metric/frechet of the file best.ckpt, if it is measured likewise
        self._basis: dict[str, Any] | None = None  # the stamp, the data and its shares, when `best` was measured
        self._class_shares: Tensor | None = None  # in the data, where the extractor reads its classes
        self._factors: KnownFactors | None = None  # of the data, where the extractor reads them
        self._interrupted = False  # whether a signal cut the last comparison short

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "interrupted": self._interrupted, "basis": self._basis}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self._interrupted, self._basis = state["best"], state["interrupted"], state.get("basis")

    def load(self, data: Any) -> Extractor | None:
        """The extractor for a data module, or None if no metric applies; raises InputError if it does not fit."""
        if isinstance(data, PointData):
            if self.choice in ("auto", "none"):
                return None
            raise InputError(
                f"callback.quality.extractor={self.choice} reads images, and {type(data).__name__} delivers points, "
                "which callback.points measures: use auto"
            )
        extractor = extractor_for(self.choice, data.extractor)
        if extractor is not None:
            self._check(extractor, data)
        return extractor

    def _check(self, extractor: Extractor, data: ImageData) -> None:
        """Raise InputError if the extractor cannot read the data."""
        try:
            extractor.check(data.readable_channels, data.image_size)
        except InputError as error:
            raise InputError(f"callback.quality.extractor={self.choice}: {error}") from error

    def next_due(self, iteration: int, rows: int) -> int:
        if self.every_images is None:
            return NEVER
        images = next_round(max(iteration * rows, _FIRST - 1))
        return min(next_crossing(iteration, rows, self.every_images), -(-images // rows))

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        self.extractor = self.load(trainer.datamodule.data)
        if self.extractor is not None and not trainer.fast_dev_run:
            if trainer.is_global_zero:
                self._prepare(trainer, module, self.extractor)
            self._check_best(trainer, module)
        if self._interrupted:
            self.act(trainer, module)

    def _prepare(self, trainer: GameTrainer, module: GameModule, extractor: Extractor) -> None:
        data = _images_of(trainer)
        images = data.readable(chosen(data.training()[0], self.num))
        check_enough(self.metrics, len(images))
        self.real = reference(images, extractor, self.cache)
        self._class_shares = class_shares(data, extractor, self.real)
        self._factors = known_factors(data, extractor)
        self.stamp = {
            "extractor": extractor.stamp,
            "real": len(images),
            "generated": self.num,
            "network": module.sampled_network,
        }

    def _check_best(self, trainer: GameTrainer, module: GameModule) -> None:
        """Forget the best value so far if it cannot be compared with later ones; its checkpoint gets another name.

        Older versions recorded no basis; they measured conditional generators in equal shares of the classes.
        """
        is_other = False
        if trainer.is_global_zero and self.stamp is not None:
            digests = dict(trainer.datamodule.data.identity().digests)
            basis = {**self.stamp, "label_shares": module.label_shares, "data": digests}
            before, self._basis = self._basis, basis
            is_other = before != basis if before is not None else module.label_shares is not None
            self._on_disk = self._best_on_disk(basis)
        self._on_disk = trainer.strategy.broadcast(self._on_disk)
        if self.best is None or not trainer.strategy.broadcast(is_other):
            return
        self.best = self._on_disk = None
        if trainer.is_global_zero and self.path.is_file():
            kept = self.path.with_name(f"best-until-{module.clock.iteration}.ckpt")
            self.path.replace(kept)
            tqdm.write(
                f"warning: {FRECHET} is measured otherwise than before (data, its shares of classes, or settings), so "
                f"best.ckpt begins anew; the one until now is {kept.name}",
                file=sys.stderr,
            )

    def _best_on_disk(self, basis: dict[str, Any]) -> float | None:
        """The value of best.ckpt: the comparison at the end of a run is later than the checkpoint that it goes on from.

        None if there is none, or if it was measured otherwise.
        """
        if not self.path.is_file():
            return None
        try:
            state = read_checkpoint(self.path)["callbacks"][self.state_key]
        except (InputError, KeyError):
            return None
        return state["best"] if state.get("basis") == basis else None

    def act(self, trainer: GameTrainer, module: GameModule) -> None:
        if self.extractor is None or trainer.fast_dev_run:
            return
        values = self._values(trainer, module)
        self._interrupted = trainer.strategy.broadcast(values is None)
        if self._interrupted:
            end(trainer)  # now, so that the checkpoint is of this iteration
            return
        self.acted = module.clock.iteration
        values = publish(trainer, self.acted, values or {})
        if FRECHET in values and (self.best is None or values[FRECHET] < self.best):
            self.best = values[FRECHET]
            if self._on_disk is None or self.best < self._on_disk:
                trainer.save_checkpoint(self.path)
                self._on_disk = self.best
        let_judge(trainer, module, values)

    def _values(self, trainer: GameTrainer, module: GameModule) -> dict[str, float] | None:
        """The new values by name; None if a signal came meanwhile, and none on the ranks that do not measure."""
        if not trainer.is_global_zero:
            return {}
        try:
            return self._measure(trainer, module)
        except _CutShortError:
            return None

    def _measure(self, trainer: GameTrainer, module: GameModule) -> dict[str, float]:
        assert self.extractor is not None
        assert self.real is not None
        self.latest = self._read_samples(trainer, module, self.extractor)
        labels = None if self._class_shares is None else module.sampled_labels(self.num)
        inputs = MetricInputs(self.real, self.latest, self._class_shares, labels, factors=self._factors)
        return {f"{PREFIX}{name}": value for name, value in measured(self.metrics, inputs).items()}

    def of_real(self, trainer: GameTrainer) -> dict[str, float] | None:
        """The metrics of held-out images, measured as those of samples, by their names among the curves.

        None where the data holds out none, where nothing was measured, and at the end of a run that a signal stopped.
        """
        if self.extractor is None or self.real is None or self.latest is None or stopped(trainer):
            return None
        data = _images_of(trainer)
        try:
            held_out = data.load_test()
        except (InputError, OSError):  # training does not need these files
            return None
        if held_out is None:
            return None
        images, labels = held_out
        read = reference(data.readable(chosen(images, self.num)), self.extractor, self.cache)
        own = None if labels is None or self._class_shares is None else chosen(labels, self.num)
        inputs = MetricInputs(self.real, read, self._class_shares, own, factors=self._factors)
        return {f"{PREFIX}{name}": value for name, value in measured(self.metrics, inputs).items()}

    def of_halves(self, trainer: GameTrainer) -> dict[str, float] | None:
        """The metrics of one half of the training images against the other, by their names among the curves.

        None where nothing was measured, for too few images, and at the end of a run that a signal stopped.
        """
        if self.real is None or self.latest is None or stopped(trainer):
            return None
        inputs = MetricInputs(self.real, self.latest, self._class_shares, factors=self._factors)
        values = measured_halves(self.metrics, inputs)
        return None if values is None else {f"{PREFIX}{name}": value for name, value in values.items()}

    def _read_samples(self, trainer: GameTrainer, module: GameModule, extractor: Extractor) -> Read:
        """Features and classes of new samples; features are infinite where a sample is not finite."""
        sampler, data = module.sampler(), _images_of(trainer)
        finite: list[Tensor] = []

        def note_finite(network: nn.Module, inputs: Any, images: Tensor) -> None:
            finite.append(images.isfinite().all())
            _check_signal(trainer)

        with sampler.register_forward_hook(note_finite):
            sources = sources_for(sampler, data, self.num)
            labels = module.sampled_labels(self.num)
            samples = images_from(sampler, self.num, hashed_seed(module.seed, "quality"), labels, sources=sources)
        features, probabilities = [], []
        for batch in data.readable(samples).split(_BATCH_SIZE):
            _check_signal(trainer)
            batch_features, batch_probabilities = extractor(batch)
            features.append(batch_features)
            probabilities.append(batch_probabilities)
        read = Read(torch.cat(features), torch.cat(probabilities))
        if all(finite):
            return read
        return Read(torch.full_like(read.features, torch.inf), read.probabilities)  # samples as bytes do not show it


def _images_of(trainer: GameTrainer) -> ImageData:
    """The data, which are images wherever an extractor applies."""
    data = trainer.datamodule.data
    assert isinstance(data, ImageData)
    return data


def _check_signal(trainer: GameTrainer) -> None:
    """Raise _CutShortError if a signal has ended training."""
    if stopped(trainer):
        raise _CutShortError
