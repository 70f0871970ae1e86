"""The rank of this process in its run, from environment variables, before Lightning is loaded."""

import os

_NAMES = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")


def is_first() -> bool:
    """Whether this is the first or only process of its run, which alone writes files and messages."""
    return all(os.environ.get(name, "0") == "0" for name in _NAMES)
