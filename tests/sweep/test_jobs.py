import os
import signal
from pathlib import Path

import pytest
import yaml

from helpers import SMALL, checkpoint, differences, train, trained
from processes import started, wait_for
from saddle.config.command_line import CommandLine
from saddle.error import InputError
from saddle.run.folder import ERROR
from saddle.run.lock import hold, let_go
from saddle.sweep.jobs import (
    by_setting,
    job_name,
    output_subdir,
    planned_jobs,
    read_jobs,
    varying_settings,
)
from saddle.sweep.resumed import resumed_sweep
from saddle.training.checkpoint import MARK
from systems import linux

QUICK = [*SMALL, "callback.quality.num=50"]
BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


def written_sweep(folder: Path, *task: str, hydra: tuple[str, ...] = (), target: str = BASIC) -> Path:
    """A folder with the multirun.yaml that Hydra writes for these overrides."""
    overrides = {"hydra": ["hydra.mode=MULTIRUN", *hydra], "task": list(task)}
    content = {"objective": "metric/frechet", "hydra": {"sweeper": {"_target_": target}, "overrides": overrides}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "multirun.yaml").write_text(yaml.safe_dump(content))
    return folder


# on disk


def test_jobs_are_those_of_hydras_own_sweeper():
    hydra = {"sweeper": {"_target_": BASIC, "params": {"seed": "range(2)"}}, "overrides": {}}
    hydra["overrides"]["task"] = ["loss=glob(hing*)", "penalty=[r1,mean_matching],none", "resume='x'"]
    jobs = planned_jobs(hydra)
    assert [by_setting(job) for job in jobs][:3] == [
        {"seed": "0", "loss": "hinge", "penalty": "[r1,mean_matching]"},
        {"seed": "0", "loss": "hinge", "penalty": "none"},
        {"seed": "1", "loss": "hinge", "penalty": "[r1,mean_matching]"},
    ]
    assert varying_settings([by_setting(job) for job in jobs]) == ["seed", "penalty"]
    assert planned_jobs({**hydra, "sweeper": {"_target_": "hydra_plugins.Optuna"}}) is None


def test_names_say_what_varies_and_stay_short_safe_and_stable(tmp_path):
    sweep = written_sweep(
        tmp_path, "data=digits", "loss=hinge,minimax", "optimizer.betas=[0.0,0.9],[0.5,0.9]", "seed=1"
    )
    assert job_name(str(sweep), 1, "ignored") == "1_loss=hinge,optimizer.betas=_0.5,0.9"
    assert job_name(str(tmp_path / "other"), 12, "data.root=/a b/c") == "12_data.root=_a_b_c"
    assert job_name(str(tmp_path / "other"), 3, "") == "3"
    assert len(job_name(str(tmp_path / "other"), 3, "x" * 1000)) <= 110
    assert job_name(str(tmp_path / "other"), 3, "試" * 1000) == f"3_{'試' * 33}"  # a file's name has at most 255 bytes
    (tmp_path / "1_as_it_was").mkdir()
    assert job_name(str(sweep), 1, "ignored") == "1_as_it_was"
    assert job_name(str(written_sweep(tmp_path / "one", "loss=hinge")), 0, "loss=hinge") == "0"


def test_a_job_that_goes_on_keeps_its_settings(tmp_path):
    assert output_subdir(str(tmp_path)) == ".hydra"
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    assert output_subdir(str(tmp_path)) is None


def test_missing_jobs_are_listed_and_a_refusal_is_told_from_a_failure(tmp_path):
    sweep = written_sweep(tmp_path, "seed=1,2,3")
    for number, text in ((0, "Traceback\nValueError: x"), (2, "data.batch_size=0: should be more")):
        (sweep / f"{number}_seed={number + 1}").mkdir()
        (sweep / f"{number}_seed={number + 1}" / ERROR).write_text(text)
    jobs = read_jobs(sweep)
    assert [(job.number, job.state, job.is_refused) for job in jobs] == [
        (0, "failed", False),
        (1, "missing", False),
        (2, "failed", True),
    ]
    with pytest.raises(InputError, match=r"expected the folder of a sweep, with a multirun\.yaml"):
        read_jobs(tmp_path / "nowhere")


def test_going_on_takes_the_sweeps_own_arguments_and_few_new_ones(tmp_path):
    sweep = written_sweep(
        tmp_path / "it's",
        *("sweep=parallel", "seed=1,2", "data.root=a", "resume='old'"),
        hydra=("hydra.sweep.dir='old'", "hydra.launcher.n_jobs=3", "hydra.sweeper.max_batch_size=2"),
    )
    typed = ["-m", f"resume={sweep}", "sweep=null", "data.root=b", "hydra.verbose=true"]
    command = resumed_sweep(sweep, CommandLine.parse(typed))
    place = str(sweep).replace("'", "\\'")
    assert command.flags == ("--multirun",)
    assert command.overrides == (
        *("seed=1,2", "hydra.launcher.n_jobs=3", "hydra.sweeper.max_batch_size=2"),
        *(
            "sweep=null",
            f"data.root='{Path.cwd() / 'b'}'",
            "hydra.verbose=true",
            f"resume='{place}'",
            f"hydra.sweep.dir='{place}'",
        ),
        "hydra.output_subdir='${saddle.settings:${hydra.runtime.output_dir}}'",
    )
    for refused in ("seed=3", "trainer.max_steps=9", "hydra.sweep.dir=b", "hydra.sweeper.max_batch_size=1", "sweeps=1"):
        with pytest.raises(InputError, match=f"{refused}: a sweep goes on with its own settings"):
            resumed_sweep(sweep, CommandLine.parse([refused]))
    other = written_sweep(tmp_path / "optuna", "seed=1", target="hydra_plugins.Optuna")
    with pytest.raises(InputError, match=r"its sweeper \(hydra_plugins\.Optuna\) chose its jobs as it went"):
        resumed_sweep(other, CommandLine.parse([]))


# as users run them


@pytest.mark.slow
@linux
def test_a_sweep_that_was_killed_and_stopped_and_had_a_failure_goes_on_to_the_same_end(tmp_path):
    sweep, steps = tmp_path / "sweep", ["trainer.max_steps=150", "checkpoints.every_images=1000"]
    blocked = sweep / "1_seed=1" / "samples"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("in the way")  # so that this job fails when it draws its first grid
    killed = started("-m", *QUICK, *steps, "seed=0,1,2,3", f"hydra.sweep.dir={sweep}")
    wait_for(killed, sweep / "2_seed=2" / "checkpoints" / "last.ckpt")
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert [job.state for job in read_jobs(sweep)] == ["finished", "failed", "interrupted", "missing"]
    assert "(File exists)" in (sweep / "1_seed=1" / ERROR).read_text()
    finished = {path: path.read_bytes() for path in (sweep / "0_seed=0").rglob("*") if path.is_file()}
    assert 0 < checkpoint(sweep / "2_seed=2")[MARK]["clock"]["iteration"] < 150

    hold(sweep)
    second = train(f"resume={sweep}")
    assert second.returncode == 2
    assert "another process is at this sweep" in second.stderr
    let_go(sweep)

    stopped = started(f"resume={sweep}")
    wait_for(stopped, sweep / "3_seed=3" / "metrics.csv")
    os.killpg(stopped.pid, signal.SIGINT)
    output, errors = stopped.communicate(timeout=60)
    assert stopped.returncode == 130, errors
    lines = [line for line in output.splitlines() if line.startswith("job ")]
    ways = ["job 0_seed=0: finished already", "job 1_seed=1", "job 2_seed=2: resumed", "job 3_seed=3"]
    assert lines == ways
    assert f"stopped by SIGINT; go on with: python train.py resume={sweep}" in errors
    assert [job.state for job in read_jobs(sweep)] == ["finished", "finished", "finished", "interrupted"]

    done = train("-m", f"resume={sweep}")
    assert done.returncode == 0, done.stderr
    assert "4 of 4 jobs finished" in done.stdout
    assert finished == {path: path.read_bytes() for path in (sweep / "0_seed=0").rglob("*") if path.is_file()}
    straight, resumed = trained(tmp_path / "straight", *QUICK, *steps, "seed=2"), checkpoint(sweep / "2_seed=2")
    for content in (straight, resumed):
        content["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, resumed) == []
    assert (sweep / "table.csv").read_text().count("finished") == 4


@pytest.mark.slow
@linux
def test_parallel_jobs_stop_with_checkpoints_and_go_on(tmp_path):
    sweep = tmp_path / "sweep"
    choices = [*QUICK, "trainer.max_steps=200", "seed=0,1", "sweep=parallel", "hydra.launcher.n_jobs=2"]
    process = started("-m", *choices, f"hydra.sweep.dir={sweep}")
    folders = [sweep / f"{seed}_seed={seed}" for seed in (0, 1)]
    wait_for(process, *(folder / "metrics.csv" for folder in folders))
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert f"stopped by SIGTERM; go on with: python train.py resume={sweep}" in errors
    assert "0 of 2 jobs finished" in output
    assert all(0 < checkpoint(folder)[MARK]["clock"]["iteration"] < 200 for folder in folders)
    done = train(f"resume={sweep}", "hydra.launcher.n_jobs=1")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 jobs finished" in done.stdout
    assert all(checkpoint(folder)["global_step"] == 200 for folder in folders)


def test_one_job_of_bad_input_leaves_the_others_alone_and_only_bad_input_leaves_nothing(tmp_path):
    result = train("-m", *QUICK, "trainer.max_steps=2", "data.batch_size=100,0", cwd=tmp_path)
    assert result.returncode == 1, result.stderr
    assert "1 of 2 jobs finished" in result.stdout
    assert "1_data.batch_size=0: data.batch_size=0: should be greater than or equal to 1" in result.stdout
    [folder] = (tmp_path / "outputs" / "multirun").glob("*/*")
    result = train("-m", *QUICK, f"hydra.sweep.dir={folder}", "seed=1", cwd=tmp_path)
    assert result.returncode == 2
    assert f"holds a sweep already: use resume={folder}" in result.stderr
    for overrides, message in {
        ("trainer=ddp_cpu",): "a sweep trains each job in one process",
        ("loss=hinge,hing",): "loss=hing: there is no such option",
        ("objective=metric/frech",): "objective=metric/frech: a run does not measure that; choose one of metric/f",
    }.items():
        result = train("-m", *QUICK, *overrides, "seed=1,2", cwd=tmp_path)
        assert result.returncode == 2, result.stderr
        assert message in result.stderr.splitlines()[-1]
        assert "Traceback" not in result.stderr
    assert list((tmp_path / "outputs" / "multirun").glob("*/*")) == [folder]
