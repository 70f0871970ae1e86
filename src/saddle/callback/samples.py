"""Pictures of samples from fixed noise: grids of images, or points over the data."""

from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
import torch
from torch import Tensor, nn

from saddle.bound import Count, Samples
from saddle.callback.at_end import AlsoAtEnd
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.publish import publish_picture, publish_text
from saddle.data.module import ImageData
from saddle.data.points import PointData
from saddle.file import cut_numbered, numbered, remove
from saddle.metric.points import in_words
from saddle.picture.grid import image_grid, scale_of
from saddle.picture.landscape import landscape_of
from saddle.picture.points import point_picture, reach_of
from saddle.training.due import next_multiple, next_round
from saddle.training.module import GameModule
from saddle.training.sampling import images_from, sources_for

_MOST_ROWS = 64


class SampleGrids(AlsoAtEnd):
    """A PNG grid of `num` samples in `folder`, and in TensorBoard, at growing intervals and at the end.

    The latent noise is the same in every grid; a generator that translates images receives the same ones. A conditional
    generator shows one class per row (at most 64), eight to sixteen images of each, right of its name. TensorBoard
    lists the names of all classes as the text `classes`. Grids are drawn before training and after 1, 2, 5, 10, 20, 50,
    ... iterations, but at least every `every_iterations`. Where the data is points, a picture shows `points` samples
    over the data, in the landscape of D (`saddle.picture.landscape`). When a run is resumed, pictures of later
    iterations in `folder` are removed.

    Where there are more than `keep`, the one that leaves the smallest gap is removed, so that the others are spread
    over the whole run. Those of round iterations always stay.

    Each pixel of an image becomes a square of `scale` pixels, None: as many as make images easily seen.
    """

    def __init__(
        self,
        folder: str,
        num: Samples = 64,
        every_iterations: Count = 5000,
        points: Samples = 1000,
        keep: Count | None = 1000,
        scale: Count | None = None,
    ) -> None:
        self.folder, self.num, self.every_iterations, self.points = Path(folder), num, every_iterations, points
        self.keep, self.scale = keep, scale

    def next_due(self, iteration: int, rows: int) -> int:
        return min(next_round(iteration), next_multiple(iteration, self.every_iterations))

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        if trainer.is_global_zero and not trainer.fast_dev_run:
            for folder in {path.parent for path in self.folder.rglob("*.png")}:  # also those of the game's pictures
                cut_numbered(folder, ".png", module.clock.iteration)
            _publish_classes(trainer, module.clock.iteration)
        if module.clock.iteration == 0:
            self.act(trainer, module)

    def act(self, trainer: GameTrainer, module: GameModule) -> None:
        self.acted = module.clock.iteration
        if not trainer.is_global_zero or trainer.fast_dev_run:
            return
        data = trainer.datamodule.data
        if isinstance(data, ImageData):
            picture = self._grid(module.sampler(), data, module.seed)
        elif isinstance(data, PointData):
            picture = self._points(data, module)
        else:
            return  # neither images nor points
        publish_picture(trainer, "samples", self.acted, picture, self.folder)
        self._thin_out()

    def _grid(self, generator: nn.Module, data: ImageData, seed: int) -> Tensor:
        classes = getattr(generator, "classes", 0)
        labels = self._labels(classes) if classes else None
        num = self.num if labels is None else len(labels)
        sources = sources_for(generator, data, num)
        images = images_from(generator, num, seed, labels, sources=sources)
        return image_grid(images, labels, data.class_names, self.scale or scale_of(images))

    def _points(self, data: PointData, module: GameModule) -> Tensor:
        samples = images_from(module.sampler(), self.points, module.seed)
        landscape = None
        if "discriminator" in module.networks:
            real, _ = data.training()
            landscape = landscape_of(module.networks["discriminator"], samples, real, reach_of(data))
        title = f"iteration {module.clock.iteration:,}: {in_words(samples, data)}"
        return point_picture(samples, data, title, landscape)

    def _thin_out(self) -> None:
        """Remove one picture if there are too many."""
        grids = numbered(self.folder, ".png")
        if self.keep is None or len(grids) <= self.keep:
            return
        numbers = list(grids)
        gaps = []
        for before, number, after in zip(numbers, numbers[1:], numbers[2:], strict=False):
            if next_round(number - 1) != number:
                gaps.append((after - before, number))
        if gaps:
            _, number = min(gaps)
            remove(grids[number])

    def _labels(self, classes: int) -> Tensor:
        """Labels of a grid: all classes in turn, again and again; 64 evenly chosen ones where there are more."""
        rows = min(classes, _MOST_ROWS)
        row_labels = torch.arange(rows) * classes // rows
        columns = min(16, max(8, self.num // rows))
        return row_labels.repeat(columns)


def _publish_classes(trainer: GameTrainer, iteration: int) -> None:
    """Give the names of the data's classes, a numbered list in Markdown, to every logger that shows texts."""
    names = trainer.datamodule.data.class_names
    if names:
        publish_text(
            trainer, "classes", iteration, "\n".join(f"{number}. `{name}`" for number, name in enumerate(names))
        )
