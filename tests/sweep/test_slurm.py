"""Jobs as submitit runs them on this machine, and what it submits to Slurm, whose commands are not here."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("submitit")
from helpers import REPOSITORY, SMALL, checkpoint, differences, train, trained
from hydra_plugins.saddle_slurm import SlurmLauncher
from processes import started, wait_for
from saddle.error import InputError
from saddle.sweep import job, slurm
from saddle.sweep.jobs import read_jobs
from systems import linux

QUICK = [*SMALL, "callback.quality.num=50", "checkpoints.every_images=1000"]
LOCAL = ["-m", "sweep=slurm", "hydra.launcher.cluster=local"]


def settings(**changes) -> dict:
    return {**SlurmLauncher()._settings(), **changes}


def test_what_cannot_be_submitted_is_refused_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r'hydra\.launcher: Could not detect "srun", .*cluster=local needs no Slurm'):
        slurm.launch([], settings(), str(tmp_path))
    with pytest.raises(InputError, match=r"hydra\.launcher\.cluster=moon: use slurm, or local"):
        slurm.launch([], settings(cluster="moon"), str(tmp_path))
    monkeypatch.setattr(slurm.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"sweep=slurm: submitit is not installed: .*\[slurm\]"):
        slurm.launch([], settings(), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_settings_reach_the_file_that_is_submitted(tmp_path, monkeypatch):
    for name in ("srun", "sbatch"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    chosen = {"partition": "short", "gpus_per_node": 1, "timeout_min": 30.5, "before": ["module load cuda"]}
    executor = slurm._executor(settings(**chosen, additional={"mail_type": "END"}), tmp_path / "slurm")
    text = executor._executor._make_submission_file_text("COMMAND", "uid")
    for line in ("partition=short", "gpus-per-node=1", "time=31", "cpus-per-task=2", "mem=8GB", "mail-type=END"):
        assert f"#SBATCH --{line}" in text
    assert "#SBATCH --requeue" in text
    assert "#SBATCH --signal=USR2@120" in text
    assert "module load cuda" in text


def test_a_closed_terminal_leaves_jobs_alone_and_ctrl_c_ends_them(monkeypatch, capsys):
    class Submitted:
        canceled = 0

        def done(self) -> bool:
            return self.canceled > 0

        def cancel(self, check: bool) -> None:
            self.canceled += 1

    one = Submitted()
    monkeypatch.setattr(job, "_stopped", int(signal.SIGHUP))
    slurm._wait([one])
    assert one.canceled == 0
    assert capsys.readouterr().err == "SIGHUP: the jobs go on without this process\n"
    monkeypatch.setattr(job, "_stopped", int(signal.SIGINT))
    slurm._wait([one])
    assert one.canceled == 1


@linux
@pytest.mark.parametrize(("ends_with", "asked"), [(138, "requeue 7\n"), (0, ""), (143, ""), (1, "")])
def test_the_example_for_sbatch_is_queued_again_after_a_warning_alone(tmp_path, ends_with, asked):
    for name, line in {"srun": f'echo "$@" > trained; exit {ends_with}', "scontrol": 'echo "$@" > asked'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    script = REPOSITORY / "examples" / "slurm.sbatch"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "SLURM_JOB_ID": "7"}
    result = subprocess.run(["bash", script, "data=digits", "a=b c"], cwd=tmp_path, env=environment, check=False)
    assert result.returncode == ends_with
    assert (tmp_path / "trained").read_text() == "python train.py keep=outputs/slurm-7 data=digits a=b c\n"
    wrote = tmp_path / "asked"
    assert (wrote.read_text() if wrote.exists() else "") == asked


# as users run it


def kill_a_job_of(sweep: Path) -> None:
    """Kill the process of one job of a sweep, as a node's memory guard would."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "submitit.core._submit" in words and any(str(sweep) in word for word in words):
            os.kill(int(entry.name), signal.SIGKILL)
            return
    raise AssertionError("no job runs")


@pytest.mark.slow
@linux
def test_a_job_that_runs_out_of_time_is_queued_again_and_ends_with_the_same_bits(tmp_path):
    sweep, steps = tmp_path / "sweep", ["trainer.max_steps=3000", "seed=2"]
    limits = ["hydra.launcher.timeout_min=1.5", "hydra.launcher.signal_delay_s=40"]
    done = train(*LOCAL, *limits, *QUICK, *steps, f"hydra.sweep.dir={sweep}")
    assert done.returncode == 0, done.stderr
    assert "1 of 1 jobs finished" in done.stdout
    [log] = sweep.glob("slurm/*.out")
    assert "job 0: resumed" in log.read_text()
    straight, resumed = trained(tmp_path / "straight", *QUICK, *steps), checkpoint(sweep / "0")
    for content in (straight, resumed):
        content["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, resumed) == []


@pytest.mark.slow
@linux
def test_a_killed_job_is_listed_and_goes_on_to_the_same_bits(tmp_path):
    sweep, steps = tmp_path / "sweep", ["trainer.max_steps=400"]
    process = started(*LOCAL, *QUICK, *steps, "seed=2,3", f"hydra.sweep.dir={sweep}")
    last = sweep / "0_seed=2" / "checkpoints" / "last.ckpt"
    wait_for(process, last)
    kill_a_job_of(sweep)
    output, errors = process.communicate(timeout=240)
    assert process.returncode == 1, errors
    assert "left no result: see" in errors
    assert "interrupted" in output
    done = train(f"resume={sweep}")
    assert done.returncode == 0, done.stderr
    assert all(one.state == "finished" for one in read_jobs(sweep))
    for seed, number in ((2, 0), (3, 1)):
        straight = trained(tmp_path / f"straight{seed}", *QUICK, *steps, f"seed={seed}")
        resumed = checkpoint(sweep / f"{number}_seed={seed}")
        for content in (straight, resumed):
            content["callbacks"].pop("Summary")
        assert differences(straight, resumed) == []
