"""One training run."""

import logging
import os
import shlex
import signal
import sys
import warnings
from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
from lightning.fabric.utilities.exceptions import MisconfigurationException

from saddle.callback.finish import Finish
from saddle.callback.health import Health
from saddle.callback.stop import StopOnSignal
from saddle.cli.build import Built, Config, build
from saddle.cli.figure import check_extractor, check_figure
from saddle.cli.resume import check_free, check_same, checkpoint_of
from saddle.cli.sweep import figure_of, summary_of
from saddle.error import Failed, InputError, Stopped
from saddle.training.checkpoint import MARK, check_fits, read_checkpoint

_NOT_MEANT_FOR_USERS = (
    ".*treespec, LeafSpec.* is deprecated",  # torch's word to Lightning
    "The number of training batches .* is smaller than the logging interval",  # saddle logs by iteration, not by epoch
    "Found .* module.* in eval mode",  # the averaged generator is, on purpose
)


def run(config: Config) -> float | None:
    """Train as `config` says; the run's figure.

    Raises InputError for input that is wrong, Stopped after a signal, Failed where training went wrong.
    """
    reports = config["trainer"].get("profiler") or config["trainer"].get("enable_model_summary")
    logging.getLogger("lightning.pytorch").setLevel(logging.INFO if reports else logging.WARNING)
    for message in _NOT_MEANT_FOR_USERS:
        warnings.filterwarnings("ignore", message)
    checkpoint, content = None, {}
    first_rank = os.environ.get("LOCAL_RANK", "0") == "0"
    if not config["resume"] and first_rank:
        check_free(Path(config["folder"]))
    if config["resume"]:
        checkpoint = checkpoint_of(Path(config["resume"]))
        content = read_checkpoint(checkpoint)
    iteration = content[MARK]["clock"]["iteration"] if content else None
    built = build(config, purge_step=None if iteration is None else iteration + 1)
    if first_rank:
        for sentence in built.warnings:
            print(f"warning: {sentence}", file=sys.stderr)
    check_figure(config["figure"], built)
    check_extractor(built)
    if checkpoint is not None:
        check_same(content[MARK]["record"], built.module.record, checkpoint)
        check_fits(content["state_dict"], built.module, checkpoint)
        if 0 <= built.trainer.max_steps <= iteration:
            if built.trainer.max_steps < iteration or summary_of(Path(config["folder"])).get("finished"):
                raise InputError(
                    f"trainer.max_steps and training.images end this run at iteration {built.trainer.max_steps}, and "
                    f"{checkpoint} is at iteration {iteration} already: ask for more to go on"
                )
            built.trainer.callbacks.append(Finish())
    del content
    if first_rank:
        built.data.prepare_data()
    built.data.read()
    try:
        stopped = _fit(built, checkpoint)
        _check_end(built, config["folder"], stopped)
    except (Failed, Stopped):
        if built.trainer.is_global_zero:
            raise
        return None  # another rank's error would have the first one killed
    return figure_of(config["figure"], Path(config["folder"]))


def _check_end(built: Built, folder: str, stopped: int | None) -> None:
    """Raise Stopped or Failed if signal `stopped` or an alarm ended training before its time."""
    again = f"go on with: python train.py resume={shlex.quote(folder)} trainer.max_steps={built.trainer.max_steps}"
    if stopped is not None:
        raise Stopped(stopped, f"stopped by {signal.Signals(stopped).name}; {again}")
    alarms = [c.sentence for c in built.trainer.callbacks if isinstance(c, Health) and c.sentence is not None]
    if alarms:
        raise Failed(f"{alarms[0]}; {again} callback.health.stop=false")


def _fit(built: Built, checkpoint: Path | None) -> int | None:
    """Train; the number of the signal that ended it, or None."""
    stop = next((c for c in built.trainer.callbacks if isinstance(c, StopOnSignal)), None)
    try:
        built.trainer.fit(built.module, datamodule=built.data, ckpt_path=checkpoint, weights_only=True)
    except MisconfigurationException as error:
        raise InputError(f"trainer: {str(error).splitlines()[0]}") from error
    except SystemExit:
        return signal.SIGINT  # Lightning's way out of a second Ctrl-C
    return stop.signal if stop is not None else None
