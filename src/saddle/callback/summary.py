"""The end of a run: summary.json, the HParams tab, a short table and where to look."""

import json
import math
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.tensorboard.summary import hparams

from saddle.callback.closing import closing_of_job, closing_text
from saddle.callback.curves import Curves
from saddle.callback.health import Health
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.hyper_parameters import hyper_parameters
from saddle.callback.point_quality import PointQuality
from saddle.callback.prune import Prune
from saddle.callback.quality import Quality
from saddle.callback.scheduled import Patient
from saddle.callback.stop import StopOnSignal
from saddle.file import replacing
from saddle.interrupt import whole
from saddle.logger.show import show_settings
from saddle.training.module import GameModule

SHOWN = ("metric/", "loss/", "probability/", "gradient_norm/")
"""The beginnings of the names in a summary's `metrics`."""

_PACKAGES = ("saddle", "torch", "torchvision", "lightning", "hydra-core")


class Summary(Patient):
    """Writes summary.json into `folder` and prints a table when training ends; seconds add up over resumes.

    Its `finished` is false where a signal or an alarm ended training. Its `stamp` says what the metrics metric/... were
    computed from; it is null where none was measured. Its `real` has the metrics of real data outside the training set,
    null where there are none; its `halves` then has those of one half of the training images against the other. Its
    `alarms` are those of `Health` that ring at the end. Its `learning_rates` are those of the turns before their
    schedules. Its `init` says whose weights the run began with, null for new ones, and its `branch` which run it is a
    branch of, null for none. A run that a search ended before its time has an entry `pruned`, the iteration.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.is_of_job = False
        """Whether the run is a job of a sweep: then a few lines stand for the table."""
        self._seconds_before = 0.0
        self._seconds = 0.0  # in this process, until the end of the last iteration

    @property
    def seconds(self) -> float:
        """Seconds spent in training, over all processes that worked on this run."""
        return self._seconds_before + self._seconds

    def state_dict(self) -> dict[str, float]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self._seconds_before = state["seconds"]

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        self._begun = time.perf_counter()
        if trainer.is_global_zero and not trainer.fast_dev_run and module.clock.iteration == 0:
            for logger in trainer.loggers:
                show_settings(logger, hyper_parameters(module.record, _turns(module)))

    @hook
    def on_train_batch_end(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        self._seconds = time.perf_counter() - self._begun

    @hook
    def on_train_end(self, trainer: GameTrainer, module: GameModule) -> None:
        if not trainer.is_global_zero or trainer.fast_dev_run:
            return
        summary = self._summary(trainer, module)
        with replacing(self.folder / "summary.json") as temporary:
            temporary.write_text(json.dumps(finite(summary), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                _show_hyper_parameters(logger, hyper_parameters(module.record, _turns(module)))
        if self.is_of_job:
            print(closing_of_job(trainer, self.folder, summary))
        else:
            print(closing_text(trainer, module, self.folder, summary))

    def _summary(self, trainer: GameTrainer, module: GameModule) -> dict[str, Any]:
        latest: dict[str, float] = {}
        stamp, real, halves, alarms = None, None, None, []
        for callback in trainer.callbacks:
            if isinstance(callback, Curves):
                latest = callback.latest
            elif isinstance(callback, Quality | PointQuality):
                stamp, real = stamp or callback.stamp, real or callback.of_real(trainer)
                if isinstance(callback, Quality) and real is None:
                    halves = callback.of_halves(trainer)
            elif isinstance(callback, Health):
                alarms = callback.ringing()
        clock, data = module.clock, trainer.datamodule.data
        pruned = [callback.at for callback in trainer.callbacks if isinstance(callback, Prune) and callback.at]
        return {
            **({"pruned": pruned[0]} if pruned else {}),
            "iterations": clock.iteration,
            "images": clock.images,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(clock.cpu_seconds, 3),
            "images_per_second": round(clock.images / max(self.seconds, 1e-9), 1),
            "metrics": {name: value for name, value in latest.items() if name.startswith(SHOWN)},
            "real": real,
            "halves": halves,
            "stamp": stamp,
            "alarms": alarms,
            "learning_rates": {turn: defaults["lr"] for turn, defaults in module.defaults.items()},
            "finished": not any(map(_ended_run, trainer.callbacks)),
            "updates": dict(clock.updates),
            "seed": module.seed,
            "init": module.record.get("init"),
            "branch": module.record.get("branch"),
            "precision": str(trainer.precision),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
            "data": {
                "name": type(data).__name__,
                "images": trainer.datamodule.state_dict()["images"],
                "skipped": data.skipped,
                "image_size": data.image_size,
                "classes": data.class_names,
            },
        }


def _ended_run(callback: Callback) -> bool:
    """Whether `callback` ended the run early."""
    if isinstance(callback, StopOnSignal):
        return callback.signal is not None
    return isinstance(callback, Health) and callback.sentence is not None


def finite(value: Any) -> Any:
    """`value` with None in place of NaN and infinity, which JSON lacks."""
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _turns(module: GameModule) -> list[str]:
    return [turn.name for turn in module.turns]


def _show_hyper_parameters(logger: TensorBoardLogger, settings: dict[str, Any]) -> None:
    """Fill the HParams tab with the settings; TensorBoard adds the last values of all curves.

    The logger's own method would log the values again at step 0, and so break the curves of the same name. The first
    summary of torch's three, a list of columns, is left out: TensorBoard would use one run's list for all runs, and
    settings of the others would be missing. Without it, TensorBoard reads all runs and shows first what differs.
    """
    writer = logger.experiment._get_file_writer()
    _, start, end = hparams(settings, {})
    with whole():
        for part in (start, end):
            writer.add_summary(part)
        logger.experiment.flush()
