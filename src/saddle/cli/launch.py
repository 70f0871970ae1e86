"""From the command line to a run: Hydra, exit codes, and one sentence for bad input."""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from saddle.cli.resume import resume_arguments
from saddle.error import InputError

_claimed: list[Path] = []
_begun: list[DictConfig] = []  # filled when Hydra hands over: from then on an OSError is a failure, not bad input


def config_folder() -> str:
    """The folder of the config: conf/ beside src/ in a checkout, inside the package when installed."""
    package = Path(__file__).resolve().parents[1]
    inside, checkout = package / "conf", package.parents[1] / "conf"
    return str(inside if inside.is_dir() else checkout)


def unique_folder(wanted: str) -> str:
    """Make and return the folder `wanted`, or `wanted`-2, -3, ... if it is taken: two runs never share one."""
    for number in range(1, 10_000):
        path = Path(wanted if number == 1 else f"{wanted}-{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir()
        except FileExistsError:
            continue
        _claimed.append(path)
        return str(path)
    raise InputError(f"hydra.run.dir={wanted} is taken")


def launch() -> None:
    """Run train.py's command line; exits with 2 and one to three lines on stderr if the input is wrong."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    OmegaConf.register_new_resolver("saddle.unique", unique_folder, use_cache=True, replace=True)
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
        if _begun:
            raise
        refuse(f"{error.filename}: {error.strerror}; choose another hydra.run.dir")
    except ValueError as error:
        if "Config group override" not in str(error):
            raise
        refuse("a group is chosen by the name of one of its files, not by null or a number: see python train.py --help")


def refuse(message: str) -> None:
    """Say what is wrong and exit with 2; a folder made for the refused run goes again."""
    for folder in _claimed:
        if {entry.name for entry in folder.iterdir()} <= {".hydra"}:
            shutil.rmtree(folder)
    print("\n".join(message.splitlines()[:3]), file=sys.stderr)
    sys.exit(2)


def _task(config: DictConfig) -> Any:
    """One run, under Hydra."""
    from saddle.cli.run import run

    _begun.append(config)
    several = HydraConfig.get().mode == RunMode.MULTIRUN
    try:
        plain = plain_config(config)
        if several and plain["trainer"].get("strategy") != "auto":
            raise InputError("trainer: a sweep trains each job in one process; use trainer=default, cpu or gpu with -m")
        return run(plain)
    except InputError as error:
        if several:
            raise
        refuse(str(error))


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
        asked = "name the folder with your images" if match[1] == "data.root" else "it has no default"
        return f"{match[1]} is missing: {asked}"
    if match := re.search(r"Could not find '([^']+)'", text):
        group, _, option = match[1].rpartition("/")
        options = text.partition("Available options in")[2].partition("Config search path")[0].split()[1:]
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
