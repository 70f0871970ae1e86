"""Field A1: variables that clusters and images set for their own reasons decide nothing."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import REPOSITORY, SMALL, checkpoint, differences, train_afresh, trained

VARIABLES = [
    {"SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_JOB_NAME": "gan", "SLURM_JOB_ID": "7"},  # sbatch without srun
]
MORE_VARIABLES = [
    {"LOCAL_RANK": "0"},
    {"LOCAL_RANK": "1", "RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "elsewhere", "MASTER_PORT": "1"},
    {"NODE_RANK": "3", "GROUP_RANK": "3"},
    {"SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"},
    {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMI_RANK": "1", "PMI_SIZE": "2", "RANK": "1"},
]
SLOW = [pytest.param(variables, marks=pytest.mark.slow) for variables in MORE_VARIABLES]


@pytest.mark.slow
@pytest.mark.parametrize("variables", [*VARIABLES, *SLOW], ids=lambda variables: next(iter(variables)))
def test_a_run_begins_and_goes_on_in_its_own_folder(tmp_path, variables):
    begun = train_afresh(*SMALL, "seed=3", "trainer.max_steps=2", "hydra.run.dir=a1", cwd=tmp_path, **variables)
    assert begun.returncode == 0, begun.stderr
    gone_on = train_afresh("resume=a1", "trainer.max_steps=4", cwd=tmp_path, **variables)
    assert gone_on.returncode == 0, gone_on.stderr
    assert checkpoint(tmp_path / "a1")["global_step"] == 4
    assert [path.name for path in tmp_path.iterdir() if path.name != "outputs"] == ["a1"]


def test_torchrun_begins_one_run_and_goes_on_with_it(tmp_path):
    def launched(*overrides: str) -> None:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
        command = [*launcher, str(REPOSITORY / "train.py"), *overrides]
        result = subprocess.run(
            command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=200, check=False
        )
        assert result.returncode == 0, result.stderr

    launched(*SMALL, "trainer=ddp_cpu", "trainer.max_steps=2")
    (run,) = (tmp_path / "outputs").glob("20*/*")
    launched(f"resume={run}", "trainer.max_steps=4")
    assert checkpoint(run)["global_step"] == 4
    assert list((tmp_path / "outputs").glob("20*/*")) == [run]


def ended(processes: list[subprocess.Popen]) -> None:
    """Wait for processes that train together; all must succeed."""
    for process in processes:
        _, errors = process.communicate(timeout=250)
        assert process.returncode == 0, errors


def by_torchrun(command: list[str], folder: Path) -> list[subprocess.Popen]:
    """The launcher of two processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    return [subprocess.Popen([*launcher, *command], cwd=folder, stderr=subprocess.PIPE, text=True)]


def by_srun(command: list[str], folder: Path) -> list[subprocess.Popen]:
    """Two tasks with the variables that srun gives them on one machine."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = str(place.getsockname()[1])
    job = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "gan", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}
    job |= {"SLURM_NODELIST": "127.0.0.1", "MASTER_PORT": port, "SLURM_NODEID": "0", "SLURM_NTASKS_PER_NODE": "2"}
    tasks: list[subprocess.Popen] = []
    for rank in ("0", "1"):
        variables = {**os.environ, **job, "SLURM_PROCID": rank, "SLURM_LOCALID": rank}
        arguments = [sys.executable, *command]
        tasks.append(subprocess.Popen(arguments, cwd=folder, env=variables, stderr=subprocess.PIPE, text=True))
    return tasks


@pytest.mark.slow
@pytest.mark.parametrize("launched", [by_torchrun, by_srun])
def test_processes_of_a_launcher_train_the_bits_of_those_that_saddle_starts(tmp_path, launched):
    choices = ["trainer=ddp_cpu", "trainer.max_steps=6"]
    own = trained(tmp_path / "own", *choices)
    command = [str(REPOSITORY / "train.py"), *SMALL, *choices, f"hydra.run.dir={tmp_path / 'launched'}"]
    ended(launched(command, tmp_path))
    for part in ("state_dict", "optimizer_states"):
        assert differences(own[part], checkpoint(tmp_path / "launched")[part]) == []
