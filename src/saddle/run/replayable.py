"""What a branch may change: all that leaves it the run's batches, noise, networks and optimizers."""

import re
from collections.abc import Sequence
from typing import Any

from saddle.config.checked import CheckedConfig
from saddle.config.override import key_of
from saddle.config.place import places_in
from saddle.config.trainer_flags import process_count
from saddle.error import InputError
from saddle.run.resume import MAY_CHANGE, leaves

_OF_THE_COMMAND = {
    r"game|experiment|init": "a branch plays the game of its run, from its weights; leave it out",
    r"resume|keep|folder|hydra\..*": "a branch gets the folder of --out; leave it out",
    r"trainer\.max_steps|training\.images": "--for and --images say how far a branch goes; leave it out",
    r"trainer\.(limit_train_batches|overfit_batches|fast_dev_run)": "a branch sees all batches; leave it out",
}
"""Settings that no branch may change, by patterns of their names, with the reason."""

_OF_THE_RECORD = {
    r"seed": "a branch has the noise and the order of data of its run: begin a new run",
    r"data\..*": "a branch sees the batches of its run: begin a new run for other data",
    r"training\.accumulate": "a branch sees the batches of its run: begin a new run",
    r"training\.freeze": "a branch trains the layers that its run trains: begin a new run",
}
"""The same for settings that differ once all are composed."""

_MAY_DIFFER = {*MAY_CHANGE, "data.flip"}
"""Settings of data that leave a branch the images of its run."""


_ARITHMETIC = ("accelerator", "benchmark", "deterministic", "precision")
"""Flags of the Trainer that decide numbers and are not recorded."""


def check_changes(changes: Sequence[str]) -> None:
    """Raise InputError for an override that no branch may have."""
    for text in changes:
        for pattern, reason in _OF_THE_COMMAND.items():
            if re.fullmatch(pattern, key_of(text)):
                raise InputError(f"{text}: {reason}")


def check_replayable(run: dict[str, Any], branch: dict[str, Any]) -> None:
    """Raise InputError, naming the first setting that differs, if the `branch` would not see what its `run` saw.

    Both are records. Places of data may differ.
    """
    before, now = leaves(run), leaves(branch)
    may_differ = _MAY_DIFFER | set(places_in(branch))
    for name in sorted({**before, **now}, key=lambda name: "." in name):  # seed before data.seed, which follows it
        if name in may_differ or before.get(name) == now.get(name):
            continue
        for pattern, reason in _OF_THE_RECORD.items():
            if re.fullmatch(pattern, name):
                raise InputError(f"{name}={now.get(name)}, and {before.get(name)} in the run: {reason}")


def changes_numbers(
    run: CheckedConfig, run_record: dict[str, Any], branch: CheckedConfig, branch_record: dict[str, Any]
) -> bool:
    """Whether a branch has another setting than its run that may decide numbers, as callbacks and paths do not."""
    places = set(places_in(branch_record))
    before, now = leaves(run_record), leaves(branch_record)
    if any(before.get(name) != now.get(name) for name in {**before, **now}.keys() - places):
        return True
    return any(run.trainer.get(name) != branch.trainer.get(name) for name in _ARITHMETIC)


def check_one_process(config: CheckedConfig, processes: int) -> None:
    """Raise InputError if a run was trained by several `processes`, or if its branch would be."""
    if processes != 1:
        raise InputError(f"trainer.devices: {processes} processes trained this run: only runs of one can be replayed")
    if process_count(config.trainer) != 1:
        raise InputError(f"trainer.devices={config.trainer['devices']}: a replay plays in one process: use 1")
