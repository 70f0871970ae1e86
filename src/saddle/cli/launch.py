"""From the command line to a run: Hydra, exit codes, and one sentence for bad input."""

import os
import sys
import traceback
from functools import partial
from pathlib import Path
from signal import SIG_IGN, SIGINT
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from saddle.config.compose import checked
from saddle.config.letters import readable_by_hydra
from saddle.config.location import config_folder
from saddle.config.message import one_sentence
from saddle.config.override import by_setting, check_hydra
from saddle.error import Failed, InputError, Stopped
from saddle.interrupt import listen
from saddle.run.lock import claim, remove_claimed
from saddle.run.resume import check_free, is_started_rank, resume_arguments
from saddle.run.start import start
from saddle.sweep import job
from saddle.sweep.jobs import check_no_sweep, is_sweep, job_folders, sweep_arguments
from saddle.sweep.table import conclude

_begun: list[bool] = []
"""Not empty once Hydra has called `_task`: from then on an OSError is a failure, not bad input."""


def launch() -> None:
    """Run train.py's command line; exit with 2 and one to three lines on stderr if the input is wrong.

    A sweep whose jobs have begun ends with the table of all jobs, whatever ended it.
    """
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    broken = False
    try:
        _launch()
    except SystemExit as leaving:
        if not _jobs_have_begun() or leaving.code in (0, 2):
            raise
    except KeyboardInterrupt:
        if not _jobs_have_begun():
            raise
        job.note(SIGINT)
    except Exception:  # for example, a worker was killed, and joblib ended the others
        if not _jobs_have_begun():
            raise
        traceback.print_exc()
        broken = True
    if job.begun:
        sys.exit(conclude(job.begun[0], job.stopped()) or int(broken))


def _jobs_have_begun() -> bool:
    """Whether this process started a sweep, and a job of it has a folder."""
    return bool(job.begun and job_folders(job.begun[0]))


def _launch() -> None:
    """Check the command line, hand it to Hydra, and refuse what either finds wrong."""
    try:
        with one_sentence(sys.argv[1:]):
            check_hydra(sys.argv[1:])
            sys.argv[1:] = spelled_out(readable_by_hydra(sys.argv[1:]))
            claim(sys.argv[1:])
            hydra.main(version_base="1.3", config_path=config_folder(), config_name="train")(_task)()
    except InputError as error:
        refuse(str(error))
    except OSError as error:  # last, because some of Hydra's own errors are OSErrors, too
        if _begun or _jobs_have_begun():
            raise
        refuse(f"{error.filename}: {error.strerror}; choose another hydra.run.dir")


def spelled_out(arguments: list[str]) -> list[str]:
    """The command line with `resume=` replaced by the settings of the run or sweep that goes on.

    Raises InputError if there is nothing to go on with, or if a new run or sweep would mix with an old one.
    """
    if is_started_rank():
        return arguments  # the rank that started this one has spelled them out
    settings = by_setting([argument for argument in arguments if "=" in argument])
    is_multirun = "-m" in arguments or "--multirun" in arguments
    resume = settings.get("resume", "")
    if resume in ("", "null"):
        if settings.get("hydra.run.dir") and not is_multirun:
            check_free(Path(settings["hydra.run.dir"]))
        if settings.get("hydra.sweep.dir"):
            check_no_sweep(Path(settings["hydra.sweep.dir"]))
        return arguments
    if "hydra.output_subdir" in settings:
        return arguments  # spelled out already
    if is_sweep(Path(resume)):
        return sweep_arguments(Path(resume), arguments)
    if is_multirun:
        raise InputError("resume goes on with one run, or with the folder of a sweep: use it without --multirun")
    return resume_arguments(arguments)


def refuse(message: str) -> NoReturn:
    """Print at most three lines of the message and exit with 2; a folder made for the refused run is removed."""
    remove_claimed()
    print("\n".join(message.splitlines()[:3]), file=sys.stderr)
    sys.exit(2)


def _task(config: DictConfig) -> float | None:
    """Train one run or one job of a sweep, called by Hydra; returns the objective."""
    _begun.append(True)
    settings = HydraConfig.get()
    compose = partial(checked, config, settings.overrides.task)
    if settings.mode == RunMode.MULTIRUN:
        return job.play(Path(settings.runtime.output_dir), compose)
    try:
        return start(compose())
    except InputError as error:
        refuse(str(error))
    except Failed as failed:
        print(failed, file=sys.stderr)
        sys.exit(1)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(128 + stopped.number)
    finally:
        listen(SIG_IGN)  # nothing left to save, so ignore signals
