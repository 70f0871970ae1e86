"""From the command line to a run: Hydra, exit codes, and one sentence for bad input."""

import os
import sys
import traceback
from functools import partial
from pathlib import Path
from signal import SIG_IGN, SIGINT

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from saddle.cli.lean import import_lean
from saddle.config.compose import one_sentence, plain_config
from saddle.config.override import check_hydra
from saddle.error import Failed, InputError, Stopped
from saddle.interrupt import listen
from saddle.run.folder import claim, config_folder, remove_claimed
from saddle.run.resume import resume_arguments
from saddle.sweep import job
from saddle.sweep.jobs import folders
from saddle.sweep.table import conclude

_begun: list[bool] = []  # filled when Hydra hands over: from then on an OSError is a failure, not bad input


def launch() -> None:
    """Run train.py's command line; exits with 2 and one to three lines on stderr if the input is wrong.

    A sweep whose jobs have begun ends with the table of them all, whatever ended it.
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
    except Exception:  # a worker was killed, say, and joblib ended the others
        if not _jobs_have_begun():
            raise
        traceback.print_exc()
        broken = True
    if job.begun:
        sys.exit(conclude(job.begun[0], job.stopped()) or int(broken))


def _jobs_have_begun() -> bool:
    return bool(job.begun and folders(job.begun[0]))


def _launch() -> None:
    try:
        with one_sentence(sys.argv[1:]):
            check_hydra(sys.argv[1:])
            sys.argv[1:] = resume_arguments(sys.argv[1:])
            claim(sys.argv[1:])
            hydra.main(version_base="1.3", config_path=config_folder(), config_name="train")(_task)()
    except InputError as error:
        refuse(str(error))
    except OSError as error:  # after Hydra's own, some of which are OSErrors
        if _begun or _jobs_have_begun():
            raise
        refuse(f"{error.filename}: {error.strerror}; choose another hydra.run.dir")


def refuse(message: str) -> None:
    """Say what is wrong and exit with 2; a folder made for the refused run goes again."""
    remove_claimed()
    print("\n".join(message.splitlines()[:3]), file=sys.stderr)
    sys.exit(2)


def _task(config: DictConfig) -> float | None:
    """One run, under Hydra: its objective."""
    _begun.append(True)
    import_lean()
    here = HydraConfig.get()
    if here.mode == RunMode.MULTIRUN:
        return job.play(Path(here.runtime.output_dir), partial(plain_config, config, here.overrides.task))
    try:
        plain = plain_config(config, here.overrides.task)
        from saddle.factory.networks import (
            check_parts,  # seconds of imports each: after what can be refused without them
        )

        check_parts(plain)
        from saddle.run.train import run

        return run(plain)
    except InputError as error:
        refuse(str(error))
    except Failed as failed:
        print(failed, file=sys.stderr)
        sys.exit(1)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(128 + stopped.number)
    finally:
        listen(SIG_IGN)  # all is written
