"""The rank of this process in its run, known before Lightning is loaded.

A process knows its rank from whoever started it for this very run: saddle, torchrun, or SLURM's srun. Variables such as
LOCAL_RANK alone say nothing, because clusters and container images set them for reasons of their own.
"""

import os

_own = 0
_machines = 1


def started_as(rank: int) -> None:
    """Note that saddle started this process as one of several on this machine, with this local rank."""
    global _own
    _own = rank


def spans(machines: int) -> None:
    """Note that the run spans so many machines, on each of which the user begins it with its NODE_RANK."""
    global _machines
    _machines = machines


def own_rank() -> int:
    """The local rank that saddle gave to this process; 0 for one that the user or another launcher started."""
    return _own


def is_first() -> bool:
    """Whether this is the first or only process of its run, which alone writes files and messages."""
    return _own == 0 and _launched_rank() == 0


def is_launched() -> bool:
    """Whether torchrun or srun started this process, so that saddle starts no others."""
    return "TORCHELASTIC_RUN_ID" in os.environ or _is_srun()


def _launched_rank() -> int:
    """The global rank that a launcher gave to this process; without one, the number of this machine (NODE_RANK)."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return int(os.environ.get("RANK", "0"))
    if _is_srun():
        return int(os.environ["SLURM_PROCID"])
    number = os.environ.get("NODE_RANK", "0")
    return int(number) if _machines > 1 and number.isdecimal() else 0


def _is_srun() -> bool:
    """Whether this is one of several tasks of srun, and not a script of sbatch or an interactive shell of SLURM.

    These have the variables of the whole job, too. Only srun tells how many tasks it started.
    """
    tasks = os.environ.get("SLURM_STEP_NUM_TASKS", "1")
    is_task = tasks.isdecimal() and int(tasks) > 1 and "SLURM_PROCID" in os.environ
    return is_task and os.environ.get("SLURM_JOB_NAME") not in ("bash", "interactive")
