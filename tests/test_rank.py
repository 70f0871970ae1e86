import pytest

from saddle import rank
from saddle.rank import is_first, is_launched, own_rank, spans, started_as

ALL = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "TORCHELASTIC_RUN_ID")
ALL += ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_NUM_TASKS", "SLURM_JOB_NAME")
SRUN = {"SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4"}


@pytest.mark.parametrize(
    ("environment", "first"),
    [
        ({}, True),
        ({"LOCAL_RANK": "1", "RANK": "1", "WORLD_SIZE": "4"}, True),  # a container image sets them
        ({"NODE_RANK": "1"}, True),  # the run spans one machine
        ({"TORCHELASTIC_RUN_ID": "x", "RANK": "2", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, False),  # torchrun
        ({"TORCHELASTIC_RUN_ID": "x", "RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"SLURM_PROCID": "3", **SRUN}, False),
        ({"SLURM_PROCID": "0", **SRUN}, True),
        ({"SLURM_PROCID": "3", **SRUN, "SLURM_JOB_NAME": "bash"}, True),  # an interactive shell
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_NAME": "gan"}, True),  # a script of sbatch
    ],
)
def test_the_first_process_is_known_under_every_launcher(monkeypatch, environment, first):
    for name in ALL:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_first() == first
    by_srun = "SLURM_STEP_NUM_TASKS" in environment and "SLURM_JOB_NAME" not in environment
    assert is_launched() == ("TORCHELASTIC_RUN_ID" in environment or by_srun)


def test_the_second_of_several_machines_is_not_first(monkeypatch):
    for name in ALL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(rank, "_machines", 1)
    monkeypatch.setenv("NODE_RANK", "1")
    spans(2)
    assert not is_first()


def test_a_process_that_saddle_started_knows_its_rank_whatever_the_environment_says(monkeypatch):
    monkeypatch.setattr(rank, "_own", 0)
    started_as(1)
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert own_rank() == 1
    assert not is_first()
