"""Which of a run's processes this one is, by what its environment says before Lightning does."""

import os

_NAMES = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")


def is_first() -> bool:
    """Whether this is the first process of its run, or the only one: the one that writes, and speaks, for all."""
    return all(os.environ.get(name, "0") == "0" for name in _NAMES)
