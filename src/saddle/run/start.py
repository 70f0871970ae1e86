"""From a checked config to training: what can be refused without Lightning comes before it is loaded."""

from pathlib import Path
from typing import Any

from saddle.config.checked import CheckedConfig
from saddle.config.trainer_flags import process_count
from saddle.error import InputError
from saddle.rank import is_first, spans
from saddle.run.chosen import say_and_keep
from saddle.run.folder import is_finished
from saddle.run.resume import check_processes, check_unfinished, read_resumed


def start(config: CheckedConfig) -> float | None:
    """Build the parts of a run, check what it goes on or begins with, and train; returns the run's objective.

    torch takes a second to import and Lightning three more, so each is imported when it is needed. Raises what
    `saddle.run.train.train` raises.
    """
    from saddle.factory.parts import build_parts
    from saddle.run.transfer import begun_as_recorded, begun_from
    from saddle.training.checkpoint import MARK

    spans(int(config.trainer["num_nodes"]))
    parts = build_parts(config)
    contents: list[dict[str, Any]] = [{}]
    if config.resume is not None:
        contents = [_resumed(config, Path(config.resume), parts.record)]
        parts = begun_as_recorded(contents[0][MARK]["record"], parts)
    elif config.init is not None:
        parts = begun_from(config.init, config, parts)
    if config.chosen is not None and is_first():
        say_and_keep(config.chosen, Path(config.folder))
    from saddle.run.train import train

    return train(config, parts, contents.pop())  # no reference stays here: training frees the checkpoint's tensors


def _resumed(config: CheckedConfig, path: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The content of the checkpoint `path`; raises InputError if the run with this `record` cannot go on from it."""
    from saddle.training.checkpoint import MARK

    content = read_resumed(path, record)
    check_unfinished(content[MARK], config.last_iteration, config.training["cpu_seconds"], Path(config.folder), path)
    _check_epochs(config, content["epoch"], path)
    processes = process_count(config.trainer)
    if processes is not None and not config.checkpoints["elastic"]:
        check_processes(content[MARK], processes, False, path)
    return content


def _check_epochs(config: CheckedConfig, done: int, path: Path) -> None:
    """Raise InputError if the run in the checkpoint `path` is finished by its number of epochs, `done`."""
    limit = config.trainer["max_epochs"]
    if 0 <= limit <= done and is_finished(Path(config.folder)):
        raise InputError(
            f"trainer.max_epochs={limit} ends this run after {limit} passes over the data, and {path} has made {done}: "
            "ask for more to go on"
        )
