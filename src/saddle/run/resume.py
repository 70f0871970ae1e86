"""Going on with a run: `resume=RUN` becomes the run's own overrides and folder before Hydra starts."""

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from saddle.config.override import check_saved, key_of, quoted, value_of
from saddle.error import InputError
from saddle.file import numbered
from saddle.rank import is_first
from saddle.seal import check_sound
from saddle.sweep.jobs import folders, is_sweep, sweep_arguments

_MOVABLE = {"data.root", "data.cache", "data.memory_mib"}  # may differ without changing the run


def run_folder(path: Path) -> Path:
    """The folder of a run, from itself or from one of its checkpoints."""
    return path if path.is_dir() else path.parent.parent


def checkpoint_of(path: Path) -> Path:
    """The checkpoint that a run folder or a checkpoint file means; raises InputError if there is none.

    Of a folder it is last.ckpt or, if that is damaged, the latest sound one before it, which is said on stderr.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such run folder or checkpoint")
    if path.is_file():
        return path
    folder = path / "checkpoints"
    earlier = numbered(folder, ".ckpt")
    last = folder / "last.ckpt"
    if not last.exists() and not earlier:
        raise InputError(f"{path}: expected a run folder with checkpoints/last.ckpt, found none")
    wrong = _wrong_with(last)
    if wrong is None:
        return last
    for iteration in reversed(earlier):
        if _wrong_with(earlier[iteration]) is None:
            reason = str(wrong).removesuffix("; use another one")
            _warn(f"{reason}: {earlier[iteration].name}, of iteration {iteration}, is used instead")
            return earlier[iteration]
    raise wrong


@cache
def _warn(message: str) -> None:
    """Say it, once, however often the checkpoint is asked for."""
    print(f"warning: {message}", file=sys.stderr)


def _wrong_with(path: Path) -> InputError | None:
    try:
        if not check_sound(path):  # older than digests, or not saddle's
            from saddle.training.checkpoint import read_checkpoint

            read_checkpoint(path)
    except InputError as error:
        return error
    return None


def resume_arguments(arguments: list[str]) -> list[str]:
    """The command line with `resume=RUN` spelled out: the run's saved overrides, then the new ones, in its folder.

    RUN may be the folder of a sweep, too. A command line that is spelled out already (a second rank's) or that does
    not resume comes back unchanged.
    """
    given = {key_of(argument): argument for argument in arguments if "=" in argument}
    resume = value_of(given.get("resume", ""))
    folder = value_of(given.get("hydra.run.dir", ""))
    several = bool({"-m", "--multirun"} & set(arguments))
    if resume in ("", "null") and "LOCAL_RANK" not in os.environ:  # before Hydra writes its own files there
        if folder and not several:
            check_free(Path(folder))
        if sweep := value_of(given.get("hydra.sweep.dir", "")):
            check_no_sweep(Path(sweep))
    if resume in ("", "null") or "LOCAL_RANK" in os.environ or "hydra.output_subdir" in given:
        return arguments
    if is_sweep(Path(resume)):
        return sweep_arguments(Path(resume), arguments)
    if several:
        raise InputError("resume goes on with one run, or with the folder of a sweep: use it without --multirun")
    checkpoint = checkpoint_of(Path(resume))
    folder, asked = run_folder(checkpoint).resolve(), folder
    if asked and Path(asked).resolve() != folder:
        raise InputError(f"hydra.run.dir={asked}: a resumed run goes on in its own folder, {folder}")
    file = folder / ".hydra" / "overrides.yaml"
    if not file.is_file():
        raise InputError(f"resume={resume}: expected the run's settings in {file}, found none")
    kept = [override for override in _saved(file) if key_of(override) not in given]
    new = [argument for argument in arguments if key_of(argument) != "resume"]
    target = [f"resume={quoted(checkpoint.resolve())}", f"hydra.run.dir={quoted(folder)}"]
    return [*kept, *new, *target, "hydra.output_subdir=null"]


def _saved(file: Path) -> list[str]:
    """The overrides that a run began with."""
    try:
        content = yaml.safe_load(file.read_text()) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: the run's settings cannot be read ({reason}); start a new run") from error
    return check_saved(content, file)


def check_free(folder: Path) -> None:
    """Raise InputError if `folder` holds a run already, so that a new one would mix with it."""
    taken = [name for name in ("checkpoints", "metrics.csv", "summary.json") if (folder / name).exists()]
    if taken:
        resumable = (folder / "checkpoints" / "last.ckpt").exists()
        mend = f"use resume={folder} to go on with it" if resumable else "choose another folder"
        raise InputError(f"hydra.run.dir={folder} holds a run already ({taken[0]}): {mend}")


def check_no_sweep(folder: Path) -> None:
    """Raise InputError if `folder` holds jobs of a sweep, so that those of a new one would mix with them."""
    if is_sweep(folder) and folders(folder):
        raise InputError(f"hydra.sweep.dir={folder} holds a sweep already: use resume={folder} to go on with it")


def check_same(saved: dict[str, Any], asked: dict[str, Any], path: Path) -> None:
    """Raise InputError, naming the first setting that differs and both values, if the run would not be the same."""
    before, now = _leaves(saved), _leaves(asked)
    names = [*before, *(name for name in now if name not in before)]
    for name in sorted(names, key=lambda name: "." in name):  # seed before data.seed, which repeats it
        if name not in _MOVABLE and before.get(name) != now.get(name):
            raise InputError(
                f"resume: {name} was {before.get(name)} in {path} and is now {now.get(name)}: a resumed run keeps its "
                "settings (trainer, callback, logger, checkpoints and training.images may change): start a new run"
            )


def check_processes(mark: dict[str, Any], now: int, elastic: bool, path: Path) -> None:
    """Raise InputError if the run that `mark` tells of was trained by another number of processes than `now`.

    Where that is allowed (`elastic`) it is said instead. Checkpoints of an earlier saddle do not tell.
    """
    before = mark.get("processes", now)
    if before == now:
        return
    change = f"the number of processes (trainer.devices x trainer.num_nodes) was {before} in {path} and is now {now}"
    if not elastic:
        raise InputError(
            f"resume: {change}: use as many, or checkpoints.elastic=true to go on with the same batches and noise in "
            "sums that round otherwise"
        )
    if is_first():
        print(f"warning: {change}: numbers round otherwise from here on", file=sys.stderr)


def _leaves(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            leaves |= _leaves(value, f"{prefix}{name}.")
        else:
            leaves[prefix + name] = value
    return leaves
