"""From the command line to a run: Hydra, exit codes, and one sentence for bad input."""

import os
import re
import sys
import traceback
from functools import partial
from pathlib import Path
from signal import SIGINT
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import saddle.cli.resolver  # noqa: F401
from saddle.cli import job
from saddle.cli.folder import config_folder, remove_claimed
from saddle.cli.resume import resume_arguments
from saddle.cli.sweep import folders
from saddle.cli.table import conclude
from saddle.error import InputError, Stopped

_ASKED = {"data.root": "name the folder with your images"}
_INSTALL_JOBLIB = 'python -m pip install -e ".[sweep]" -c constraints.txt'
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
        sys.argv[1:] = resume_arguments(sys.argv[1:])
        hydra.main(version_base="1.3", config_path=config_folder(), config_name="train")(_task)()
    except InputError as error:
        refuse(str(error))
    except OverrideParseException as error:
        refuse(f"{error.override}: this is not setting=value ({str(error).splitlines()[0]})")
    except (HydraException, OmegaConfBaseException) as error:
        refuse(config_message(str(error)))
    except OSError as error:  # after Hydra's own, some of which are OSErrors
        if _begun or _jobs_have_begun():
            raise
        refuse(f"{error.filename}: {error.strerror}; choose another hydra.run.dir")
    except ValueError as error:
        if "Config group override" not in str(error):
            raise
        refuse("a group is chosen by the name of one of its files, not by null or a number: see python train.py --help")


def refuse(message: str) -> None:
    """Say what is wrong and exit with 2; a folder made for the refused run goes again."""
    remove_claimed()
    print("\n".join(message.splitlines()[:3]), file=sys.stderr)
    sys.exit(2)


def _task(config: DictConfig) -> float | None:
    """One run, under Hydra: its figure."""
    _begun.append(True)
    here = HydraConfig.get()
    if here.mode == RunMode.MULTIRUN:
        return job.play(Path(here.runtime.output_dir), partial(plain_config, config))
    from saddle.cli.run import run

    try:
        return run(plain_config(config))
    except InputError as error:
        refuse(str(error))
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(128 + stopped.number)


def plain_config(config: DictConfig) -> dict[str, Any]:
    """The composed config, resolved, as plain values; raises InputError if it cannot be resolved."""
    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True, enum_to_str=True)
    except OmegaConfBaseException as error:
        raise InputError(config_message(str(error))) from error
    plain.pop("experiment", None)
    return plain


def config_message(text: str) -> str:
    """One sentence from Hydra's or OmegaConf's several lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown(match[1])
    if match := re.search(r"Missing mandatory value.*full_key: (\S+)", text, re.DOTALL):
        return f"{match[1]} is missing: {_ASKED.get(match[1], 'it has no default')}"
    if match := re.search(r"Could not find '([^']+)'", text):
        group, _, option = match[1].rpartition("/")
        options = text.partition("Available options in")[2].partition("Config search path")[0].split()[1:]
        if (group, option) == ("hydra/launcher", "joblib"):
            return f"{group}={option} (sweep=parallel) is not installed: {_INSTALL_JOBLIB}"
        known = f"; choose one of {', '.join(options)}" if options else ""
        return f"{group}={option}: there is no such option{known}"
    return " ".join(lines[:2])


def _unknown(setting: str) -> str:
    from saddle.cli.schema import unknown_setting

    with hydra.initialize_config_dir(config_folder(), version_base="1.3"):
        node: Any = hydra.compose("train")
    *place, name = setting.split(".")
    for part in place:
        node = node.get(part) if isinstance(node, DictConfig) else None
    return unknown_setting(setting, name, [str(key) for key in node] if isinstance(node, DictConfig) else [])
