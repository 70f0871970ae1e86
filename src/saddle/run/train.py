"""One training run."""

import logging
import shlex
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning.fabric.utilities.exceptions import MisconfigurationException

from saddle.callback.finish import Finish
from saddle.callback.health import Health
from saddle.callback.stop import StopOnSignal
from saddle.error import Failed, InputError, Stopped
from saddle.factory.run import Built, Config, build
from saddle.file import remove_rests
from saddle.interrupt import Interrupted
from saddle.rank import is_first
from saddle.run.disk import writing_fails_in_words
from saddle.run.folder import occupy
from saddle.run.objective import check_extractor, check_objective
from saddle.run.ranks import Ranks, is_lost_connection
from saddle.run.resume import check_free, check_processes, check_same, checkpoint_of
from saddle.sweep.jobs import last_checkpoint, objective_of, summary_of
from saddle.training.checkpoint import MARK, check_fits, read_checkpoint

_NOT_MEANT_FOR_USERS = (
    ".*treespec, LeafSpec.* is deprecated",  # torch's word to Lightning
    "The number of training batches .* is smaller than the logging interval",  # saddle logs by iteration, not by epoch
    "Found .* module.* in eval mode",  # the averaged generator is, on purpose
    "Grad strides do not match bucket view strides",  # of a last layer with one row: costs DDP nothing here
)


def run(config: Config) -> float | None:
    """Train as `config` says; the run's objective.

    Raises InputError for input that is wrong, Stopped after a signal, Failed where training went wrong.
    """
    reports = config["trainer"].get("profiler") or config["trainer"].get("enable_model_summary")
    logging.getLogger("lightning.pytorch").setLevel(logging.INFO if reports else logging.WARNING)
    for message in _NOT_MEANT_FOR_USERS:
        warnings.filterwarnings("ignore", message)
    checkpoint, content = None, {}
    folder = Path(config["folder"])
    first_rank = is_first()
    if not config["resume"] and first_rank:
        check_free(folder)
    if first_rank:
        try:
            occupy(folder)
        except OSError as error:
            raise InputError(f"folder={folder} cannot be made ({error.strerror}): name another folder") from error
        for place in (folder, folder / "checkpoints"):
            remove_rests(place)
    if config["resume"]:
        checkpoint = checkpoint_of(Path(config["resume"]))
        content = read_checkpoint(checkpoint)
    iteration = content[MARK]["clock"]["iteration"] if content else None
    built = build(config, purge_step=None if iteration is None else iteration + 1)
    if first_rank:
        for sentence in built.warnings:
            print(f"warning: {sentence}", file=sys.stderr)
    check_objective(config["objective"], built)
    check_extractor(built)
    if checkpoint is not None:
        _check_resumed(config, built, checkpoint, content)
    del content
    if first_rank:
        built.data.prepare_data()
    built.data.read()
    try:
        with writing_fails_in_words(built.trainer):
            stopped = _fit(built, checkpoint)
        _check_end(built, folder, stopped)
    except (Failed, Stopped):
        if built.trainer.is_global_zero:
            raise
        return None  # all ranks end together, and the first one says it
    return objective_of(config["objective"], folder)


def _check_resumed(config: Config, built: Built, checkpoint: Path, content: dict[str, Any]) -> None:
    """Raise InputError unless the run in `checkpoint` can go on as `config` says."""
    mark, last, iteration = content[MARK], built.trainer.max_steps, content[MARK]["clock"]["iteration"]
    check_same(mark["record"], built.module.record, checkpoint)
    check_processes(mark, built.trainer.world_size, config["checkpoints"]["elastic"], checkpoint)
    check_fits(content["state_dict"], built.module, checkpoint)
    if 0 <= last <= iteration:
        if last < iteration or summary_of(Path(config["folder"])).get("finished"):
            raise InputError(
                f"trainer.max_steps and training.images end this run at iteration {last}, and {checkpoint} is at "
                f"iteration {iteration} already: ask for more to go on"
            )
        built.trainer.callbacks.append(Finish())


def _check_end(built: Built, folder: Path, stopped: int | None) -> None:
    """Raise Stopped or Failed if signal `stopped` or an alarm ended training before its time."""
    if stopped is not None:
        raise Stopped(stopped, f"stopped by {signal.Signals(stopped).name}; {_again(built, folder)}")
    alarms = [c.sentence for c in built.trainer.callbacks if isinstance(c, Health) and c.sentence is not None]
    if alarms:
        raise Failed(f"{alarms[0]}; {_again(built, folder)} callback.health.stop=false")


def _again(built: Built, folder: Path) -> str:
    if last_checkpoint(folder) is None:
        return "there is no checkpoint yet, so begin anew"
    return f"go on with: python train.py resume={shlex.quote(str(folder))} trainer.max_steps={built.trainer.max_steps}"


def _fit(built: Built, checkpoint: Path | None) -> int | None:
    """Train; the number of the signal that ended it, or None."""
    stop = next((c for c in built.trainer.callbacks if isinstance(c, StopOnSignal)), None)
    ranks = Ranks(built.trainer.strategy.launcher)
    ranks.watch()
    try:
        built.trainer.fit(built.module, datamodule=built.data_module, ckpt_path=checkpoint, weights_only=True)
    except MisconfigurationException as error:
        raise InputError(f"trainer: {str(error).splitlines()[0]}") from error
    except InputError:
        if not built.trainer.is_global_zero:
            sys.exit(2)  # the first rank says it
        raise
    except Interrupted as told:
        ranks.kill()
        if not built.trainer.is_global_zero:
            raise  # it was told alone
        return told.number
    except Exception as error:
        if is_lost_connection(error):
            _blame(ranks, built)
        ranks.kill()
        raise
    finally:
        ranks.end()
    return stop.signal if stop is not None else None


def _blame(ranks: Ranks, built: Built) -> None:
    """Say that another process has failed, if it has, instead of what that does to this one."""
    found = ranks.failed(wait=5.0)
    if not built.trainer.is_global_zero:
        if found is not None:
            print(f"\ntraining failed: {found.sentence}", file=sys.stderr)  # after a bar that nobody closed
        sys.exit(1)
    if found is None:
        return
    sentence = f"{found.sentence}; {_again(built, Path(built.trainer.default_root_dir))}"
    raise Failed(sentence) if found.signal is None else Stopped(found.signal, Failed.BEGINS + sentence)
