"""The thread policy, set before torch is imported.

By default torch takes one OpenMP thread per core, and idle threads spin at barriers: next to one busy process a
training step can take a hundred times longer. Half of the cores, waiting passively, stay fast in company.
"""

import os

_chosen_here = False


def usable_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_thread_policy() -> None:
    """Set OMP_NUM_THREADS to half of the usable cores and OMP_WAIT_POLICY to passive, unless the user has set them."""
    global _chosen_here
    _chosen_here = "OMP_NUM_THREADS" not in os.environ
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, usable_cores() // 2)))
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def share_cores(jobs: int) -> None:
    """Set OMP_NUM_THREADS for processes yet to be started, `jobs` of them side by side, as `give_cores`."""
    give_cores(max(1, usable_cores() // max(2, jobs)))


def give_cores(count: int) -> None:
    """Set OMP_NUM_THREADS to `count` for processes yet to be started, unless the user has set it.

    MKL_NUM_THREADS, unless it is set, gets the same: joblib would choose it itself, and torch obeys the smaller one.
    """
    if _chosen_here:
        os.environ["OMP_NUM_THREADS"] = str(count)
    os.environ.setdefault("MKL_NUM_THREADS", os.environ["OMP_NUM_THREADS"])
