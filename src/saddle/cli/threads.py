"""The thread policy, set before torch is imported.

By default torch takes one OpenMP thread per core, and idle threads spin at barriers: next to one busy process a
training step can take a hundred times longer. Half of the cores, waiting passively, stay fast in company.
"""

import os


def set_thread_policy() -> None:
    """Set OMP_NUM_THREADS to half of the usable cores and OMP_WAIT_POLICY to passive, unless the user has set them."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, usable // 2)))
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
