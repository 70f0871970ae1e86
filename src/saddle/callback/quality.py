"""A number for sample quality at the end of training."""

import math

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.nn.functional import avg_pool2d

from saddle.bound import Count
from saddle.callback.curves import Curves
from saddle.metric.frechet import frechet_distance
from saddle.seed import hashed_seed
from saddle.training.module import GameModule
from saddle.training.sampling import images_from

FRECHET = "frechet/pixels"
_LARGEST = 1024


class Quality(Callback):
    """Logs `frechet/pixels` when training ends; lower is better, 0 is the best.

    It is the Frechet distance between Gaussians fitted to pixels in [-1, 1] of `num` samples of the averaged
    generator and of as many training images (all of them where there are fewer). Mean and covariance of pixels are a
    coarse yardstick: they see brightness, contrast, strokes at wrong places and missing variety, and are blind to
    whether a digit can be read. It serves until features of a classifier exist, and compares runs on the same data
    with the same `num` only. Samples that are not finite give infinity.
    """

    def __init__(self, num: Count = 10_000) -> None:
        if num < 2:
            raise ValueError("num should be at least 2: one image has no covariance")
        self.num = num

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        if not trainer.is_global_zero or trainer.fast_dev_run:
            return
        values = {FRECHET: self._distance(module, trainer.datamodule.loader.images)}
        for logger in trainer.loggers:
            logger.log_metrics(values, step=module.clock.iteration)
        for callback in trainer.callbacks:
            if isinstance(callback, Curves):
                callback.add(module.clock.iteration, values)

    def _distance(self, module: GameModule, images: Tensor) -> float:
        sampler = module.sampler()
        finite: list[Tensor] = []
        watch = sampler.register_forward_hook(lambda network, given, made: finite.append(made.isfinite().all()))
        samples = images_from(sampler, self.num, hashed_seed(module.seed, "quality"))
        watch.remove()
        if not all(finite):
            return math.inf  # samples are bytes, which have no word for it
        generator = torch.Generator().manual_seed(0)  # the same images for every run on the same data
        chosen = torch.randperm(len(images), generator=generator)[: self.num]
        if len(chosen) < 2:
            return math.inf
        return frechet_distance(pixels(images[chosen]), pixels(samples))


def pixels(images: Tensor) -> Tensor:
    """Features (N, D) in [-1, 1], float32, of images (N, C, H, W), uint8; D is at most 1,024.

    Larger images are averaged over the smallest squares that make them fit.
    """
    channels, height, width = images.shape[1:]
    side = 1
    while channels * math.ceil(height / side) * math.ceil(width / side) > _LARGEST and side < max(height, width):
        side += 1
    scaled = images.float().div_(127.5).sub_(1.0)
    return (scaled if side == 1 else avg_pool2d(scaled, side, ceil_mode=True)).flatten(1)
