"""From a checked config to training: what can be refused without Lightning comes before it is loaded."""

from pathlib import Path
from typing import Any

from saddle.config.checked import CheckedConfig
from saddle.config.trainer_flags import process_count
from saddle.rank import spans
from saddle.run.resume import check_processes, check_unfinished, read_resumed


def start(config: CheckedConfig) -> float | None:
    """Build the parts of a run, check what it goes on with, and train; returns the run's objective.

    torch takes a second to import and Lightning three more, so each is imported when it is needed. Raises what
    `saddle.run.train.train` raises.
    """
    from saddle.factory.parts import build_parts

    spans(int(config.trainer["num_nodes"]))
    parts = build_parts(config)
    contents = [{} if config.resume is None else _resumed(config, Path(config.resume), parts.record)]
    from saddle.run.train import train

    return train(config, parts, contents.pop())  # no reference stays here: training frees the checkpoint's tensors


def _resumed(config: CheckedConfig, path: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The content of the checkpoint `path`; raises InputError if the run with this `record` cannot go on from it."""
    from saddle.training.checkpoint import MARK

    content = read_resumed(path, record)
    check_unfinished(content[MARK], config.last_iteration, Path(config.folder), path)
    processes = process_count(config.trainer)
    if processes is not None and not config.checkpoints["elastic"]:
        check_processes(content[MARK], processes, False, path)
    return content
