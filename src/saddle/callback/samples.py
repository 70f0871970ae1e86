"""Grids of samples from fixed noise; of points, pictures of them over the data."""

from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningModule, Trainer
from torch import Tensor, nn
from torch.nn.functional import pad
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from saddle.bound import Count, Samples
from saddle.callback.landscape import landscape, picture, reach_of
from saddle.callback.scheduled import Scheduled
from saddle.data.module import ImageData
from saddle.data.points import PointData
from saddle.file import cut_numbered
from saddle.metric.points import in_words
from saddle.training.due import next_multiple, next_round
from saddle.training.module import GameModule
from saddle.training.sampling import images_from, sources_for

_GRAY, _MOST_ROWS = 128, 64


class SampleGrids(Scheduled):
    """A PNG grid of `num` samples in `folder`, and in TensorBoard, at growing intervals and at the end.

    The latent noise is the same in every grid; a generator that translates images is given the same ones. A conditional
    generator shows one class per row (64 of them at most), eight to sixteen images of each. Grids are made before
    training and after 1, 2, 5, 10, 20, 50, ... iterations, but at least every `every_iterations`. Where the data is
    points, a picture shows `points` samples over the data, in the landscape of D (`saddle.callback.landscape`). When a
    run goes on, pictures of later iterations in `folder` are removed.

    Where there are more than `keep`, the one that leaves the smallest gap goes, so that what stays is spread over the
    whole run; those of round iterations always stay.
    """

    def __init__(
        self,
        folder: str,
        num: Samples = 64,
        every_iterations: Count = 5000,
        points: Samples = 1000,
        keep: Count | None = 1000,
    ) -> None:
        self.folder, self.num, self.every_iterations, self.points = Path(folder), num, every_iterations, points
        self.keep = keep
        self._latest: int | None = None

    def next_due(self, iteration: int, rows: int) -> int:
        return min(next_round(iteration), next_multiple(iteration, self.every_iterations))

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        if trainer.is_global_zero and not trainer.fast_dev_run:
            for folder in {path.parent for path in self.folder.rglob("*.png")}:  # of the game's pictures, too
                cut_numbered(folder, ".png", module.clock.iteration)
        if module.clock.iteration == 0:
            self._show(trainer, module)

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if self.is_due(module):
            self._show(trainer, module)

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        if self._latest != module.clock.iteration:
            self._show(trainer, module)

    def _show(self, trainer: Trainer, module: GameModule) -> None:
        self._latest = module.clock.iteration
        if not trainer.is_global_zero or trainer.fast_dev_run:
            return
        if isinstance(trainer.datamodule.data, PointData):
            grid = self._points(trainer.datamodule.data, module)
        else:
            grid = self._grid(module.sampler(), trainer.datamodule.data, module.seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        to_pil_image(grid).save(self.folder / f"{self._latest:08d}.png")
        self._thin_out()
        for logger in trainer.loggers:
            if hasattr(logger.experiment, "add_image"):
                logger.experiment.add_image("samples", grid, self._latest)

    def _grid(self, generator: nn.Module, data: ImageData, seed: int) -> Tensor:
        labels = self._labels(generator.classes) if generator.classes else None
        num = self.num if labels is None else len(labels)
        sources = sources_for(generator, data, num)
        return image_grid(images_from(generator, num, seed, labels, sources=sources), labels)

    def _points(self, data: PointData, module: GameModule) -> Tensor:
        samples = images_from(module.sampler(), self.points, module.seed)
        seen = None
        if "discriminator" in module.networks:
            seen = landscape(module.networks["discriminator"], samples, data.training()[0], reach_of(data))
        return picture(samples, data, f"iteration {module.clock.iteration:,}: {in_words(samples, data)}", seen)

    def _thin_out(self) -> None:
        grids = {int(path.stem): path for path in self.folder.glob("*.png") if path.stem.isdecimal()}
        numbers = sorted(grids)
        if self.keep is None or len(numbers) <= self.keep:
            return
        between = zip(numbers, numbers[1:], numbers[2:], strict=False)
        gaps = {number: after - before for before, number, after in between if next_round(number - 1) != number}
        if gaps:
            grids[min(gaps, key=gaps.get)].unlink()

    def _labels(self, classes: int) -> Tensor:
        """Labels of a grid: all classes in turn, or 64 evenly chosen ones if there are more, again and again."""
        rows = min(classes, _MOST_ROWS)
        shown = torch.arange(rows) * classes // rows
        return shown.repeat(min(16, max(8, self.num // rows)))


def image_grid(images: Tensor, labels: Tensor | None = None) -> Tensor:
    """One picture, uint8 (C, H, W), of images (N, C, H, W), as square as their number allows.

    With `labels` (N,) it has one row per class instead; rows that are shorter than others end in empty cells.
    """
    columns = max(1, round(len(images) ** 0.5))
    if labels is not None:
        rows = [images[labels == label] for label in labels.unique()]
        columns = max(map(len, rows))
        images = torch.cat([pad(row, (0, 0, 0, 0, 0, 0, 0, columns - len(row)), value=_GRAY) for row in rows])
    return make_grid(images, nrow=columns, padding=2, pad_value=_GRAY)
