"""What a game is measured by, and looked at for, on held-out images: reconstructions, codes, translations."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningModule, Trainer
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from saddle.bound import Count, Samples
from saddle.callback.curves import publish
from saddle.callback.quality import PREFIX, Quality
from saddle.callback.scheduled import Scheduled
from saddle.callback.stop import stopped
from saddle.data.module import ImageData
from saddle.game.turn import Batch, Game, Moment, Networks
from saddle.metric.agreement import agreement
from saddle.metric.base import Extractor
from saddle.training.due import next_crossing
from saddle.training.module import GameModule
from saddle.training.noise import fixed_noise
from saddle.training.sampling import as_bytes

_PART = 500


class GameMetrics(Scheduled):
    """Logs the game's own metrics and writes its pictures every `every_images` and at the end.

    The metrics are means over `num` held-out images (of the training set, where the data has no others), logged as
    metric/NAME; the pictures go to `folder`/NAME/ and to TensorBoard. Where images are meant to show a class and the
    classifier that `callback.quality` uses reads the data's own classes, metric/NAME is the share that does. Idle for a
    game that has none of these, and on points.
    """

    def __init__(self, folder: str, num: Samples = 2000, every_images: Count | None = 64_000) -> None:
        if num < 2:
            raise ValueError("num should be at least 2: some metrics compare images with each other")
        self.folder, self.num, self.every_images = Path(folder), num, every_images
        self._batch: Batch | None = None
        self._measured: int | None = None

    def next_due(self, iteration: int, rows: int) -> int:
        return next_crossing(iteration, rows, self.every_images)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        if _offers(module.game) and isinstance(trainer.datamodule, ImageData) and not trainer.fast_dev_run:
            self._batch = trainer.datamodule.held_out(self.num) if trainer.is_global_zero else None

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if self.is_due(module):
            self._measure(trainer, module)

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        if self._measured != module.clock.iteration and not stopped(trainer):
            self._measure(trainer, module)

    @torch.no_grad()
    def _measure(self, trainer: Trainer, module: GameModule) -> None:
        if self._batch is None:
            return
        self._measured = module.clock.iteration
        networks = {name: module.finished(name) for name in module.game.needs}
        found = game_metrics(module.game, networks, self._batch, module.seed)
        quality = next((callback for callback in trainer.callbacks if isinstance(callback, Quality)), None)
        if quality is not None and quality.extractor is not None:
            data, given = trainer.datamodule, (networks, self._batch, module.seed)
            found |= agreements(module.game, *given, data, quality.extractor)
        publish(trainer, module.clock.iteration, {f"{PREFIX}{name}": value for name, value in found.items()})
        for name, picture in game_pictures(module.game, networks, self._batch, module.seed).items():
            self._show(trainer, name, picture)

    def _show(self, trainer: Trainer, name: str, picture: Tensor) -> None:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        to_pil_image(picture).save(folder / f"{self._measured:08d}.png")
        for logger in trainer.loggers:
            if hasattr(logger.experiment, "add_image"):
                logger.experiment.add_image(name, picture, self._measured)


def game_metrics(game: Game, networks: Networks, batch: Batch, seed: int) -> dict[str, float]:
    """The game's metrics, means over the batch, which is gone through in parts; noise depends on `seed`."""
    parts = [game.metrics(networks, *part) for part in _parts(networks, batch, seed)]
    return {name: float(torch.cat([part[name].float() for part in parts]).mean()) for name in parts[0]}


def agreements(
    game: Game, networks: Networks, batch: Batch, seed: int, data: ImageData, extractor: Extractor
) -> dict[str, float]:
    """The share of each claim of the game that is borne out; none unless `extractor` reads the data's own classes."""
    if not extractor.reads_classes_of(type(data).__name__, data.extractor):
        return {}
    meant, read, named = defaultdict(list), defaultdict(list), {}
    for part in _parts(networks, batch, seed):
        for name, claim in game.labeled_samples(networks, *part).items():
            _, probabilities = extractor(data.readable(as_bytes(claim.images.float().cpu())))
            if probabilities.shape[1] != data.classes:
                return {}
            meant[name].append(claim.classes.cpu())
            read[name].append(probabilities.argmax(1).cpu())
            named[name] = claim.named
    return {name: agreement(torch.cat(meant[name]), torch.cat(read[name]), named[name]) for name in named}


def game_pictures(game: Game, networks: Networks, batch: Batch, seed: int) -> dict[str, Tensor]:
    """The game's pictures, uint8 (C, H, W), of the first images of the batch."""
    made = game.pictures(networks, _on(batch, networks), _moment(networks, seed))
    return {name: grid_of(rows) for name, rows in made.items()}


def grid_of(rows: Tensor) -> Tensor:
    """One picture, uint8 (C, H, W), of images (rows, columns, C, H, W) in [-1, 1]."""
    return make_grid(as_bytes(rows.flatten(0, 1).float().cpu()), nrow=rows.shape[1], padding=2, pad_value=128)


def _offers(game: Game) -> bool:
    """Whether a game has metrics, pictures or labeled_samples of its own."""
    return any(
        getattr(type(game), name) is not getattr(Game, name) for name in ("metrics", "pictures", "labeled_samples")
    )


def _parts(networks: Networks, batch: Batch, seed: int) -> Iterator[tuple[Batch, Moment]]:
    """Nearly equal parts of a batch that fit into memory, each with noise of its own."""
    batch, first = _on(batch, networks), 0
    size = len(batch["image"])
    cut = {name: values.chunk(-(-size // _PART)) for name, values in batch.items()}
    for number in range(len(cut["image"])):
        yield {name: values[number] for name, values in cut.items()}, _moment(networks, seed, first)
        first += len(cut["image"][number])


def _weight(networks: Networks) -> Tensor:
    return next(next(iter(networks.values())).parameters())


def _on(batch: Batch, networks: Networks) -> dict[str, Tensor]:
    weight = _weight(networks)
    return {
        name: values.to(weight) if values.is_floating_point() else values.to(weight.device)
        for name, values in batch.items()
    }


def _moment(networks: Networks, seed: int, first: int = 0) -> Moment:
    """No moment of training: its numbers depend on `seed`, purpose and row alone, of which the first is `first`."""

    def normal(purpose: str, shape: tuple[int, ...]) -> Tensor:
        numbers = fixed_noise(seed, f"figures {purpose}", (first + shape[0], *shape[1:]))
        return numbers[first:].to(_weight(networks))

    return Moment(0, 0, normal, lambda purpose, shape: torch.special.ndtr(normal(f"uniform {purpose}", shape)))
