"""Trains one run, from its parts to its summary."""

import logging
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning.fabric.utilities.exceptions import MisconfigurationException

from saddle.callback.finish import Finish
from saddle.callback.health import Health
from saddle.callback.opening import Opening
from saddle.callback.stop import StopOnSignal
from saddle.callback.summary import Summary
from saddle.command import training_command
from saddle.config.checked import CheckedConfig
from saddle.config.place import remember_moved
from saddle.config.trainer_flags import AUTO
from saddle.data.image_search import some_in_a_line
from saddle.error import Failed, InputError, Stopped, first_line
from saddle.factory.executor import bfloat16_hardware
from saddle.factory.parts import Parts
from saddle.factory.run import Run, build_run
from saddle.file import remove_rests
from saddle.interrupt import Interrupted
from saddle.rank import is_first
from saddle.run.folder import checkpoints_of, last_checkpoint, objective_value
from saddle.run.lock import occupy
from saddle.run.monitored import check_monitors
from saddle.run.objective import check_extractor, check_objective
from saddle.run.ranks import Ranks, is_lost_connection
from saddle.run.resume import BEGUN_WITH, check_free, check_processes
from saddle.run.said_cause import say_cause
from saddle.run.same_data import check_same_data, class_names_in
from saddle.run.storage_failure import storage_failures_in_one_sentence
from saddle.run.unmeasured import say_unmeasured
from saddle.terminal import quoted_for_shell
from saddle.training.checkpoint import MARK, check_fits

_NOT_FOR_USERS = (
    ".*treespec, LeafSpec.* is deprecated",  # torch's advice to Lightning
    "The number of training batches .* is smaller than the logging interval",  # saddle logs by iteration, not by epoch
    "Found .* module.* in eval mode",  # on purpose: the averaged generator
    "Grad strides do not match bucket view strides",  # of a last layer with one row: costs DDP nothing here
)


def train(config: CheckedConfig, parts: Parts, content: dict[str, Any]) -> float | None:
    """Train the `parts` that were built from `config`; returns the value of the run's objective, if it has one.

    `content` is that of the checkpoint that the run goes on from, empty for a new run.
    Raises InputError for wrong input, Stopped after a signal, Failed if training went wrong.
    """
    quiet(config)
    folder = Path(config.folder)
    _prepare_folder(config, folder)
    checkpoint = None if config.resume is None else Path(config.resume)
    run = build_run(config, parts, purge_step=_next_iteration(content))
    if is_first():
        for sentence in run.warnings:
            print(f"warning: {sentence}", file=sys.stderr)
    for objective in (config.objective, config.second_objective):
        check_objective(objective, run.trainer, run.module, run.data, run.parts.metrics)
    check_extractor(run.trainer, run.data)
    check_monitors(config.callback, run.trainer, run.module, run.data, run.parts.metrics)
    if checkpoint is not None:
        _check_resumed(config, run, checkpoint, content)
        run.data.keep_classes(class_names_in(content[MARK]))
    mark = {name: content[MARK][name] for name in ("data",) if content and name in content[MARK]}
    del content
    if is_first():
        run.data.prepare_data()
        if checkpoint is None and not any(name in parts.record for name in BEGUN_WITH):
            run.data.check_alpha()
    run.data.read()
    _check_share(run)
    if is_first() and checkpoint is not None:
        check_same_data(mark, run.data, config.data_changed == "accept", checkpoint)
        remember_moved(folder, config.moved)
    _warn_of_absent_classes(run)
    say_unmeasured(config, run)
    hardware = _hardware_chosen_for(config, parts.precision)
    run.trainer.callbacks.insert(0, Opening(config.folder, config.data.option, hardware))  # before the others speak
    _shorten_summary(config, run)
    try:
        with storage_failures_in_one_sentence(run.trainer):
            stopped_by = _fit(config, run, checkpoint)
        _check_end(run, folder, stopped_by)
    except (Failed, Stopped):
        say_cause(run, folder)
        if run.trainer.is_global_zero:
            raise
        return None  # all ranks end together, and the first one reports the cause
    say_cause(run, folder)
    return objective_value(config.objective, folder)


def _shorten_summary(config: CheckedConfig, run: Run) -> None:
    """Let a job of a sweep end with a few lines."""
    for callback in run.trainer.callbacks:
        if isinstance(callback, Summary):
            callback.is_of_job = config.is_job


def _hardware_chosen_for(config: CheckedConfig, precision: str) -> str | None:
    """What makes `precision` fast, if it was chosen for this machine; None if it was not, or is the usual one."""
    was_chosen = config.trainer["precision"] == AUTO and precision != "32-true"
    return bfloat16_hardware(config.trainer) if was_chosen else None


def _warn_of_absent_classes(run: Run) -> None:
    """Warn on stderr of classes that networks are told and no training image shows."""
    are_told = any(network.classes for network in run.parts.networks.values())
    if not is_first() or not are_told:
        return
    names, shares = run.data.class_names, run.data.label_shares().tolist()
    absent = [name for name, share in zip(names, shares, strict=True) if share == 0]
    if absent:
        print(f"warning: no training image shows {some_in_a_line(absent)}: nothing is learned of it", file=sys.stderr)


def quiet(config: CheckedConfig) -> None:
    """Silence Lightning's messages, but for reports that the config requests."""
    wants_reports = config.trainer.get("profiler") or config.trainer.get("enable_model_summary")
    logging.getLogger("lightning.pytorch").setLevel(logging.INFO if wants_reports else logging.WARNING)
    for message in _NOT_FOR_USERS:
        warnings.filterwarnings("ignore", message)


def _prepare_folder(config: CheckedConfig, folder: Path) -> None:
    """Make and lock the folder, and remove half-written files of a killed process; raises InputError."""
    if not is_first():
        return
    if config.resume is None:
        check_free(folder)
    try:
        occupy(folder)
    except OSError as error:
        raise InputError(f"folder={folder} cannot be made ({error.strerror}): name another folder") from error
    for place in (folder, checkpoints_of(folder)):
        remove_rests(place)


def _next_iteration(content: dict[str, Any]) -> int | None:
    """The first iteration of a resumed run; None for a new one, whose `content` is empty."""
    return int(content[MARK]["clock"]["iteration"]) + 1 if content else None


def _check_resumed(config: CheckedConfig, run: Run, checkpoint: Path, content: dict[str, Any]) -> None:
    """Raise InputError unless the run in `checkpoint` can go on with this config.

    If only the summary of a complete run is missing, a callback is added that writes it.
    """
    mark = content[MARK]
    check_processes(mark, run.trainer.world_size, config.checkpoints["elastic"], checkpoint)
    check_fits(content["state_dict"], run.module, checkpoint)
    if mark["clock"]["iteration"] == run.trainer.max_steps:
        run.trainer.callbacks.append(Finish())


def _check_share(run: Run) -> None:
    """Raise InputError if the share of the batches that is trained on is less than one batch."""
    share = run.trainer.limit_train_batches
    batches = run.data.size // run.data.rows
    if isinstance(share, float) and int(share * batches) < 1:
        raise InputError(
            f"trainer.limit_train_batches={share} of the {batches} batches is less than one: use a whole number of "
            "batches, or a larger share"
        )


def _fit(config: CheckedConfig, run: Run, checkpoint: Path | None) -> int | None:
    """Train; returns the number of the signal that stopped training, or None.

    Raises InputError if Lightning refuses the settings, Failed or Stopped if another process failed.
    """
    ranks = Ranks()
    if run.further_ranks:
        ranks.start(config, run.further_ranks + 1, run.port)
    ranks.watch()
    try:
        run.trainer.fit(run.module, datamodule=run.data_module, ckpt_path=checkpoint, weights_only=True)
    except MisconfigurationException as error:
        raise InputError(f"trainer: {first_line(error)}") from error
    except InputError:
        if not run.trainer.is_global_zero:
            sys.exit(2)  # the first rank reports the cause
        raise
    except Interrupted as interrupted:
        ranks.kill()
        if not run.trainer.is_global_zero:
            raise  # only this rank received the signal
        return interrupted.number
    except Exception as error:
        if is_lost_connection(error):
            _blame(ranks, run)
        ranks.kill()
        raise
    finally:
        ranks.end()
    for callback in run.trainer.callbacks:
        if isinstance(callback, StopOnSignal):
            return callback.signal
    return None


def _blame(ranks: Ranks, run: Run) -> None:
    """Report the failure of another process, if there is one, in place of the lost connection that it caused.

    The first rank raises Failed or Stopped, the others exit with 1.
    """
    ending = ranks.failed(wait=5.0)
    if not run.trainer.is_global_zero:
        if ending is not None:
            print(f"\ntraining failed: {ending.sentence}", file=sys.stderr)  # after a bar that nobody closed
        sys.exit(1)
    if ending is None:
        return
    sentence = f"{ending.sentence}; {_how_to_go_on(run, Path(run.trainer.default_root_dir))}"
    if ending.signal is None:
        raise Failed(sentence)
    raise Stopped(ending.signal, Failed.BEGINS + sentence)


def _check_end(run: Run, folder: Path, stopped_by: int | None) -> None:
    """Raise Stopped or Failed if a signal or an alarm of `Health` ended training before its limits."""
    if stopped_by is not None:
        raise Stopped(stopped_by, f"stopped by {signal.Signals(stopped_by).name}; {_how_to_go_on(run, folder)}")
    for callback in run.trainer.callbacks:
        if isinstance(callback, Health) and callback.sentence is not None:
            raise Failed(f"{callback.sentence}; {_how_to_go_on(run, folder)} callback.health.stop=false")


def _how_to_go_on(run: Run, folder: Path) -> str:
    """The command that goes on with a run, in words."""
    if last_checkpoint(folder) is None:
        return "there is no checkpoint yet, so begin anew"
    place = quoted_for_shell(folder)
    return f"go on with: {training_command()} resume={place}"
