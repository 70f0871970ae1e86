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

from saddle.config.command_line import CommandLine
from saddle.config.compose import checked
from saddle.config.hydra_state import leave_run_folder
from saddle.config.location import config_folder
from saddle.config.message import one_sentence
from saddle.config.outside import check_command
from saddle.config.resumed import PRIMARY
from saddle.error import Failed, InputError, Stopped
from saddle.file import failure_of
from saddle.interrupt import listen
from saddle.rank import is_first
from saddle.run.lock import expect, make_no_folders, remove_claimed
from saddle.run.resume import begin_or_resume
from saddle.run.start import start
from saddle.sweep import job
from saddle.sweep.jobs import check_no_sweep, is_sweep, job_folders
from saddle.sweep.resumed import resumed_sweep
from saddle.sweep.study import with_jobs_of_study
from saddle.sweep.table import conclude

_WRITES_NOTHING = ("hydra.run.dir=.", "hydra.output_subdir=null")
"""Overrides for a further process of torchrun or srun: it needs no folder of its own, for the first one writes."""

_begun: list[bool] = []
"""Not empty once Hydra has called `_task`: from then on an OSError is a failure, not bad input."""


def launch(command: CommandLine) -> None:
    """Train as a command line says; exit with 2 and one to three lines on stderr if the input is wrong.

    A sweep whose jobs have begun ends with the table of all jobs, whatever ended it.
    """
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    broken = False
    try:
        _launch(command)
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


def _launch(command: CommandLine) -> None:
    """Check the command line, hand it to Hydra, and refuse what either finds wrong."""
    try:
        check_command(command)
        with one_sentence(command.overrides):
            command, primary = spelled_out(command)
            if primary == PRIMARY and not is_first():
                command = command.with_overrides(*_WRITES_NOTHING)
            if command.only_shows:
                make_no_folders()
            sys.argv[1:] = command.arguments  # where Hydra looks
            hydra.main(version_base="1.3", config_path=config_folder(), config_name=primary)(_task)()
    except InputError as error:
        refuse(str(error))
    except OSError as error:  # last, because some of Hydra's own errors are OSErrors, too
        if _begun or _jobs_have_begun():
            raise
        refuse(failure_of(error))


def spelled_out(command: CommandLine) -> tuple[CommandLine, str]:
    """The command line with `resume=` replaced by what it means, and the name of the primary config for Hydra.

    Raises InputError if there is nothing to go on with, or if a new run or sweep would mix with an old one.
    """
    resume = command.settings.get("resume", "")
    if resume and is_sweep(Path(resume)):
        return resumed_sweep(Path(resume), command).without_nothing(), PRIMARY
    command = with_jobs_of_study(command.without_nothing())
    if not command.is_multirun:
        return begin_or_resume(command)
    if resume not in ("", "null"):
        raise InputError("resume goes on with one run, or with the folder of a sweep: use it without --multirun")
    if "folder" in command.settings:
        raise InputError("folder: each job of a sweep has its own; name the sweep's by hydra.sweep.dir=FOLDER")
    sweep = command.settings.get("hydra.sweep.dir")
    if sweep:
        check_no_sweep(Path(sweep))
        expect(Path(sweep))
    return command, PRIMARY


def refuse(message: str) -> NoReturn:
    """Print at most three lines of the message and exit with 2; a folder made for the refused run is removed."""
    remove_claimed()
    print("\n".join(message.splitlines()[:3]), file=sys.stderr)
    sys.exit(2)


def _task(config: DictConfig) -> float | None:
    """Train one run or one job of a sweep, called by Hydra; returns the objective."""
    _begun.append(True)
    leave_run_folder()
    settings = HydraConfig.get()
    folder = Path(settings.runtime.output_dir)
    compose = partial(checked, config, settings.overrides.task, folder)
    if settings.mode == RunMode.MULTIRUN:
        return job.play(folder, compose)
    try:
        return start(compose())
    except InputError as error:
        refuse(str(error))
    except Failed as failed:
        print(failed, file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"{Failed.BEGINS}{failure_of(error)}", file=sys.stderr)
        sys.exit(1)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(128 + stopped.number)
    finally:
        listen(SIG_IGN)  # nothing left to save, so ignore signals
