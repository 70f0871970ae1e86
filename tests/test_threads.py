import os

import pytest

from helpers import REPOSITORY, command
from saddle.threads import set_thread_policy, share_cores
from systems import linux


@pytest.mark.parametrize(("cores", "threads"), [(1, "1"), (2, "1"), (3, "1"), (16, "8")])
def test_half_of_the_usable_cores_wait_passively(monkeypatch, cores, threads):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    set_thread_policy()
    assert os.environ == {"OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "passive"}


@pytest.mark.parametrize(("cores", "jobs", "threads"), [(16, 4, 4), (16, 16, 1), (3, 8, 1), (16, 1, 8), (2, 2, 1)])
def test_jobs_times_threads_are_no_more_than_the_cores(monkeypatch, cores, jobs, threads):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    set_thread_policy()
    share_cores(jobs)
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == str(threads)


def test_what_the_user_has_set_stays(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "7"})
    set_thread_policy()
    share_cores(4)
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "7"


@linux
def test_torch_takes_the_policy_of_train_py_and_nothing_heavy_comes_before_it():
    code = (
        "import sys, runpy; sys.argv = ['train.py', '--help']\n"
        "from saddle.threads import set_thread_policy\n"
        "import saddle.cli\n"
        "assert not {'torch', 'lightning', 'numpy', 'hydra'} & set(sys.modules), sorted(sys.modules)\n"
        "set_thread_policy()\n"
        "import torch; print(torch.get_num_threads())\n"
    )
    result = command("-c", code, OMP_NUM_THREADS=None)
    assert result.stdout.strip() == str(max(1, len(os.sched_getaffinity(0)) // 2)), result.stderr
    text = (REPOSITORY / "train.py").read_text()
    assert text.index("set_thread_policy()") < text.index("from saddle.cli import train")
    assert len(text.splitlines()) < 20
