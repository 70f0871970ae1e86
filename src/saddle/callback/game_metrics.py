"""A game's own metrics and pictures on held-out images: reconstructions, codes, translations."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
import torch
from torch import Tensor

from saddle.bound import Count, Samples
from saddle.callback.at_end import AlsoAtEnd
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.publish import publish, publish_picture
from saddle.callback.quality import Quality
from saddle.callback.watching import let_judge
from saddle.data.module import ImageData
from saddle.game.turn import Batch, Game, Moment, Networks
from saddle.metric.agreement import agreement
from saddle.metric.base import PREFIX, Extractor
from saddle.picture.grid import row_grid, scale_of
from saddle.training.due import next_crossing
from saddle.training.module import GameModule
from saddle.training.noise import fixed_noise
from saddle.training.sampling import as_bytes

_BATCH_SIZE = 500


class GameMetrics(AlsoAtEnd):
    """Logs the game's own metrics and writes its pictures every `every_images` and at the end.

    The metrics are means over `num` held-out images (training images where the data has no others), logged as
    metric/NAME. The pictures go to `folder`/NAME/ and to TensorBoard. Where images should show a class, and the
    classifier of `callback.quality` reads the data's own classes, metric/NAME is the share of images that show it. The
    callback does nothing for a game that has none of these, and on points. Each pixel of an image becomes a square of
    `scale` pixels in a picture, None: as many as make images easily seen.
    """

    acts_when_stopped = False

    def __init__(
        self, folder: str, num: Samples = 2000, every_images: Count | None = 64_000, scale: Count | None = None
    ) -> None:
        if num < 2:
            raise ValueError("num should be at least 2: some metrics compare images with each other")
        self.folder, self.num, self.every_images, self.scale = Path(folder), num, every_images, scale
        self._batch: Batch | None = None

    def next_due(self, iteration: int, rows: int) -> int:
        return next_crossing(iteration, rows, self.every_images)

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        if trainer.is_global_zero and _applies(trainer, module):
            self._batch = _images_of(trainer).held_out(self.num)

    @torch.no_grad()
    def act(self, trainer: GameTrainer, module: GameModule) -> None:
        if not _applies(trainer, module):
            return
        self.acted = module.clock.iteration
        values = {} if self._batch is None else self._measure(trainer, module, self._batch)
        values = publish(trainer, self.acted, values)
        let_judge(trainer, module, values)

    def _measure(self, trainer: GameTrainer, module: GameModule, batch: Batch) -> dict[str, float]:
        """The game's metrics by name; also publishes its pictures. On the first rank only."""
        networks = {name: module.finished(name) for name in module.game.needs}
        metrics = game_metrics(module.game, networks, batch, module.seed)
        for callback in trainer.callbacks:
            if isinstance(callback, Quality) and callback.extractor is not None:
                data = _images_of(trainer)
                metrics |= agreements(module.game, networks, batch, module.seed, data, callback.extractor)
        for name, picture in game_pictures(module.game, networks, batch, module.seed, self.scale).items():
            self.folder.mkdir(exist_ok=True)
            publish_picture(trainer, name, module.clock.iteration, picture, self.folder / name)
        return {f"{PREFIX}{name}": value for name, value in metrics.items()}


def game_metrics(game: Game, networks: Networks, batch: Batch, seed: int) -> dict[str, float]:
    """The game's metrics, means over the batch, which is read in parts; noise depends on `seed`."""
    parts = [game.metrics(networks, *part) for part in _parts(networks, batch, seed)]
    metrics = {}
    for name in parts[0]:
        values = torch.cat([part[name].float() for part in parts])
        metrics[name] = float(values.mean())
    return metrics


def agreements(
    game: Game, networks: Networks, batch: Batch, seed: int, data: ImageData, extractor: Extractor
) -> dict[str, float]:
    """For each kind of labeled samples of the game, the share that shows its class according to `extractor`.

    Empty unless `extractor` reads the data's own classes.
    """
    if not extractor.reads_classes_of(data):
        return {}
    intended: dict[str, list[Tensor]] = defaultdict(list)
    predicted: dict[str, list[Tensor]] = defaultdict(list)
    named: dict[str, bool] = {}
    for part in _parts(networks, batch, seed):
        for name, samples in game.labeled_samples(networks, *part).items():
            images = as_bytes(samples.images.float().cpu())
            _, probabilities = extractor(data.readable(images))
            if probabilities.shape[1] != data.classes:
                return {}
            intended[name].append(samples.classes.cpu())
            predicted[name].append(probabilities.argmax(1).cpu())
            named[name] = samples.named
    shares = {}
    for name in named:
        shares[name] = agreement(torch.cat(intended[name]), torch.cat(predicted[name]), named[name])
    return shares


def game_pictures(
    game: Game, networks: Networks, batch: Batch, seed: int, scale: int | None = None
) -> dict[str, Tensor]:
    """The game's pictures, uint8 (C, H, W), of the first images of the batch; `scale` is that of `GameMetrics`."""
    pictures = {}
    for name, rows in game.pictures(networks, _on(batch, networks), _moment(networks, seed)).items():
        images = as_bytes(rows.float().cpu())
        pictures[name] = row_grid(images, scale=scale or scale_of(images))
    return pictures


def _applies(trainer: GameTrainer, module: GameModule) -> bool:
    """Whether there is anything to measure or to draw; the same on all ranks."""
    is_on_images = isinstance(trainer.datamodule.data, ImageData)
    return is_on_images and _has_own(module.game) and not trainer.fast_dev_run


def _images_of(trainer: GameTrainer) -> ImageData:
    """The data, which are images where this callback applies."""
    data = trainer.datamodule.data
    assert isinstance(data, ImageData)
    return data


def _has_own(game: Game) -> bool:
    """Whether a game has metrics, pictures or labeled samples of its own."""
    methods = ("metrics", "pictures", "labeled_samples")
    return any(getattr(type(game), name) is not getattr(Game, name) for name in methods)


def _parts(networks: Networks, batch: Batch, seed: int) -> Iterator[tuple[Batch, Moment]]:
    """Nearly equal parts of a batch that fit into memory, each with its own noise."""
    batch = _on(batch, networks)
    count = -(-len(batch["image"]) // _BATCH_SIZE)
    chunks = {name: values.chunk(count) for name, values in batch.items()}
    first_row = 0
    for number in range(len(chunks["image"])):
        part = {name: values[number] for name, values in chunks.items()}
        yield part, _moment(networks, seed, first_row)
        first_row += len(part["image"])


def _weight(networks: Networks) -> Tensor:
    network = next(iter(networks.values()))
    return next(network.parameters())


def _on(batch: Batch, networks: Networks) -> dict[str, Tensor]:
    """The batch on the device of the networks, floating-point numbers also in their precision."""
    weight = _weight(networks)
    moved = {}
    for name, values in batch.items():
        moved[name] = values.to(weight) if values.is_floating_point() else values.to(weight.device)
    return moved


def _moment(networks: Networks, seed: int, first_row: int = 0) -> Moment:
    """A moment outside of training: its noise depends only on `seed`, purpose and row, the first being `first_row`."""

    def normal(purpose: str, shape: tuple[int, ...]) -> Tensor:
        rows = first_row + shape[0]
        noise = fixed_noise(seed, f"figures {purpose}", (rows, *shape[1:]))
        return noise[first_row:].to(_weight(networks))

    def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
        return torch.special.ndtr(normal(f"uniform {purpose}", shape))

    return Moment(0, 0, normal, uniform)
