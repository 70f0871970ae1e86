"""Plays parts of a run again, without callbacks and loggers: up to a moment, or in lockstep with a branch."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
from tqdm import tqdm

from saddle.callback.progress import Progress
from saddle.config.checked import CheckedConfig
from saddle.factory.parts import Parts, build_parts
from saddle.factory.run import Run, build_run
from saddle.run.fork import Source
from saddle.run.same_data import check_same_data, class_names_in
from saddle.training.checkpoint import MARK
from saddle.training.difference import Difference
from saddle.training.lockstep import Training, first_differences

_NO_LIMITS = {"max_time": None, "max_epochs": -1, "min_steps": None, "min_epochs": None}
_NO_REPORTS = {"log_every_n_steps": 1, "profiler": None, "enable_model_summary": False}


@dataclass(frozen=True)
class FirstDifference:
    """The first `iteration`, counted from 1, in which a branch differs from its run, and in what; None in none."""

    iteration: int | None
    differences: list[Difference]


def quiet_run(config: CheckedConfig, parts: Parts, last: int) -> Run:
    """The run of a config that ends with the iteration `last`, batch by batch, without callbacks and loggers."""
    trainer = {**config.trainer, **_NO_LIMITS, **_NO_REPORTS, "max_steps": last}
    training = {**config.training, "images": None, "block": 1}
    return build_run(replace(config, callback={}, logger={}, trainer=trainer, training=training), parts)


def checkpoint_at(config: CheckedConfig, parts: Parts, source: Source | None, at: int, folder: Path) -> Path:
    """A run's checkpoint after `at` iterations: that of `source`, or one in `folder` to which the run is played.

    Without a source the run is played from its beginning. Raises InputError if the data has changed since the source.
    """
    if source is not None and source.iteration == at:
        return source.path
    begins = "its beginning" if source is None else f"its checkpoint of iteration {source.iteration:,}"
    print(f"replay: the run is played again from {begins} to iteration {at:,}", file=sys.stderr)
    run = quiet_run(config, parts, at)
    run.trainer.callbacks.append(Progress())
    _read_data(run, source)
    path = None if source is None else source.path
    run.trainer.fit(run.module, datamodule=run.data_module, ckpt_path=path, weights_only=True)
    run.trainer.save_checkpoint(folder / "run.ckpt")
    return folder / "run.ckpt"


def first_difference(run: Training, branch: Training) -> FirstDifference:
    """Where a branch first differs from its run until both end, by playing them in lockstep."""
    with tqdm(desc="compare", delay=2, leave=False, unit="it") as bar:
        iteration, differences = first_differences(run, branch, lambda _: bar.update())
    return FirstDifference(iteration, differences)


def training_from(checkpoint: Path, config: CheckedConfig, source: Source | None, last: int) -> Training:
    """The training of a config from a checkpoint to the iteration `last`; raises InputError as `checkpoint_at`."""
    run = quiet_run(config, build_parts(config), last)
    _read_data(run, source)
    return Training(run.module, run.data_module, run.trainer, checkpoint)


def _read_data(run: Run, source: Source | None) -> None:
    """Read the data of a run, with the classes of its source; raises InputError if it has changed since then."""
    if source is not None:
        run.data.keep_classes(class_names_in(source.content[MARK]))
    run.data.prepare_data()
    run.data.read()
    if source is not None:
        check_same_data(source.content[MARK], run.data, run.data_module.may_change, source.path)
