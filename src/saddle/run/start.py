"""From a checked config to training: what can be refused without Lightning comes before it is loaded."""

from pathlib import Path

from saddle.config.checked import CheckedConfig
from saddle.run.resume import read_resumed


def start(config: CheckedConfig) -> float | None:
    """Build the parts of a run, check what it goes on with, and train; returns the run's objective.

    torch takes a second to import and Lightning three more, so each is imported when it is needed. Raises what
    `saddle.run.train.train` raises.
    """
    from saddle.factory.parts import build_parts

    parts = build_parts(config)
    contents = [{} if config.resume is None else read_resumed(Path(config.resume), parts.record)]
    from saddle.run.train import train

    return train(config, parts, contents.pop())  # no reference stays here: training frees the checkpoint's tensors
