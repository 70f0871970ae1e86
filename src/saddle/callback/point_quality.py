"""The metrics of toy problems in training: how a generator of points captures the known modes or curve."""

from collections.abc import Mapping
from typing import Any

import saddle.compat  # noqa: F401  isort: skip

from saddle.bound import Count, Samples
from saddle.callback.at_end import AlsoAtEnd
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.publish import publish
from saddle.callback.watching import let_judge
from saddle.data.points import PointData
from saddle.metric.base import PREFIX
from saddle.metric.measure import Metrics, measured_points
from saddle.metric.modes import SAMPLES
from saddle.seed import hashed_seed
from saddle.training.due import next_multiple
from saddle.training.module import GameModule
from saddle.training.sampling import images_from


class PointQuality(AlsoAtEnd):
    """Logs the metrics of points of `num` samples as metric/... every `every_iterations` and at the end.

    They are those among `metrics`, which come from the config's group `metric`. It does nothing unless the data is
    points. Samples come from the averaged generator, or from G where there is no
    average, and from the same noise each time. VEEGAN and PacGAN use 2,500 samples. There is no best checkpoint by
    these metrics, because none of them is enough alone: a generator that has collapsed onto one mode may have all its
    samples in high quality.
    """

    def __init__(
        self,
        metrics: Mapping[str, Any],  # the program passes them in; their class is unknown where this header is read
        num: Samples = SAMPLES,
        every_iterations: Count = 250,
    ) -> None:
        if num < 6:
            raise ValueError("num should be at least 6: coverage needs five neighbors")
        self.metrics: Metrics = metrics
        self.num, self.every_iterations = num, every_iterations
        self.stamp: dict[str, Any] | None = None
        """What the metrics were computed from: metrics of different stamps cannot be compared. None: no points."""

    def next_due(self, iteration: int, rows: int) -> int:
        return next_multiple(iteration, self.every_iterations)

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        data = trainer.datamodule.data
        if isinstance(data, PointData) and trainer.is_global_zero and not trainer.fast_dev_run:
            self.stamp = {
                "points": type(data).__name__,
                "std": data.std,
                "generated": self.num,
                "network": module.sampled_network,
            }

    def act(self, trainer: GameTrainer, module: GameModule) -> None:
        data = trainer.datamodule.data
        if not isinstance(data, PointData) or trainer.fast_dev_run:
            return
        self.acted = module.clock.iteration
        values = self._measure(module, data) if trainer.is_global_zero else {}
        values = publish(trainer, self.acted, values)
        let_judge(trainer, module, values)

    def _measure(self, module: GameModule, data: PointData) -> dict[str, float]:
        """The metrics of new samples, by name."""
        labels = module.sampled_labels(self.num)
        samples = images_from(module.sampler(), self.num, hashed_seed(module.seed, "quality"), labels)
        return _prefixed(measured_points(self.metrics, samples, data))

    def of_real(self, trainer: GameTrainer) -> dict[str, float] | None:
        """The metrics of as many fresh points of the data, by their names among the curves; None without points."""
        data = trainer.datamodule.data
        if self.stamp is None or not isinstance(data, PointData):
            return None
        return _prefixed(measured_points(self.metrics, data.drawn(self.num, "fresh"), data))


def _prefixed(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics by their names among the curves."""
    return {f"{PREFIX}{name}": value for name, value in metrics.items()}
