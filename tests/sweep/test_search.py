"""The search as its sweeper runs it. A launcher of the test's own leaves what runs leave; the last tests train."""

import csv
import json
import os
import signal
from pathlib import Path

import pytest
import yaml

pytest.importorskip("optuna")
from omegaconf import OmegaConf

from helpers import SMALL, checkpoint, train
from processes import started, wait_for
from saddle.config.command_line import CommandLine
from saddle.config.search import SWEEPER
from saddle.error import InputError
from saddle.run.folder import ERROR
from saddle.sweep import search as searching
from saddle.sweep.jobs import job_name, read_jobs
from saddle.sweep.resumed import resumed_sweep
from saddle.sweep.search import search
from saddle.sweep.search_table import trials_text
from saddle.sweep.table import conclude, write_csv
from sweeps import curve, summary
from systems import linux

SPACE = ["data=digits", "optimizer.lr=tag(log,interval(1e-4,1e-1))", "loss=hinge,minimax"]
QUICK = [*SMALL, "callback.quality.num=50", "sweep=optuna"]


def config_of(folder: Path, *task: str, objective: str | None = "metric/frechet", **changes):
    """The config of a search in `folder`, which is written there as `SweepStart` does."""
    settings = {"trials": 4, "batch": None, "sampler": "random", "seed": 0, "startup": 2, "pruner": None}
    settings |= {"second_objective": None, "storage": None, **changes}
    overrides = {"hydra": ["hydra.mode=MULTIRUN"], "task": ["sweep=optuna", *(task or SPACE)]}
    hydra = {"sweep": {"dir": str(folder)}, "sweeper": {"_target_": SWEEPER}, "overrides": overrides, "launcher": {}}
    config = OmegaConf.create({"objective": objective, "sweep": settings, "hydra": hydra})
    folder.mkdir(exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")
    return config


class Leaves:
    """A launcher whose jobs leave the files of a run that ended in some way."""

    def __init__(self, folder: Path, ways: dict[int, str] | None = None) -> None:
        self.folder, self.ways = folder, ways or {}
        self.launched: list[list[int]] = []

    def launch(self, overrides: list[list[str]], initial_job_idx: int) -> None:
        numbers = [initial_job_idx + place for place in range(len(overrides))]
        self.launched.append(numbers)
        for number, own in zip(numbers, overrides, strict=True):
            way = self.ways.get(number, "finished")
            run = self.folder / job_name(str(self.folder), number, ",".join(own))
            (run / ".hydra").mkdir(parents=True, exist_ok=True)
            (run / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(own))
            if way in ("refused", "failed"):
                (run / ERROR).write_text("loss=hing: wrong" if way == "refused" else "training failed: not finite")
            elif way != "interrupted":
                lr = next(float(text.partition("=")[2]) for text in own if text.startswith("optimizer.lr"))
                pruned = {"pruned": 50} if way == "pruned" else {}
                content = summary(None if way == "infinite" else 1000 * lr, seed=1, **pruned)
                (run / "summary.json").write_text(json.dumps(content))
                curve(run / "metrics.csv", [{"iteration": 50, "metric/frechet": 2000 * lr}])


def test_each_way_in_which_a_trial_ends_is_told_and_the_rest_goes_on(tmp_path, capsys):
    config = config_of(tmp_path / "s", trials=6, batch=2)
    ways = {0: "failed", 1: "pruned", 2: "interrupted", 3: "infinite"}
    launcher = Leaves(tmp_path / "s", ways)
    search(config, config.hydra.overrides.task, launcher)
    assert launcher.launched[:2] == [[0, 1], [2, 3]]
    again = Leaves(tmp_path / "s")
    search(config, [*config.hydra.overrides.task, "resume=x"], again)
    assert again.launched == [[2]]
    jobs = read_jobs(tmp_path / "s")
    assert [job.state for job in jobs] == ["failed", *["finished"] * 5]
    assert jobs[1].pruned == 50
    assert all(f"optimizer.lr={float(job.overrides['optimizer.lr']):.4g}" in job.folder.name for job in jobs[:1])
    assert conclude(tmp_path / "s", None) == 0
    said = capsys.readouterr().out
    assert "5 of 6 trials finished, 1 of them pruned" in said
    assert "failed" in said
    assert "saddle train -m data=digits optimizer.lr=" in said
    assert said.rstrip().endswith("seed=1,2,3")


def test_a_search_whose_trials_are_all_refused_ends_after_the_first(tmp_path, capsys):
    config = config_of(tmp_path / "s")
    launcher = Leaves(tmp_path / "s", dict.fromkeys(range(9), "refused"))
    search(config, config.hydra.overrides.task, launcher)
    assert launcher.launched == [[0]]
    assert conclude(tmp_path / "s", None) == 2
    assert capsys.readouterr().err == "loss=hing: wrong\n"


@pytest.mark.parametrize(
    ("task", "changes", "sentence"),
    [
        (["loss=hinge"], {}, "sweep=optuna: nothing to search for: give a setting several values"),
        (["seed=1,2"], {}, "seed=1,2: a search would choose the luckiest seed"),
        (SPACE, {"trials": 0}, "sweep.trials=0: should be greater than or equal to 1"),
        (SPACE, {"sampler": "best"}, "sweep.sampler=best: should be 'tpe', 'gp', 'random' or 'nsga2'"),
        (SPACE, {"objective": None}, "objective=null: sweep=optuna needs one"),
        (SPACE, {"second_objective": "metric/frechet"}, "sweep.second_objective=metric/frechet: this is the objective"),
        (SPACE, {"second_objective": "metric/recall", "pruner": "median"}, "sweep.pruner=median: trials of two"),
        (SPACE, {"objective": "metric/none"}, "objective=metric/none: "),
        (SPACE, {"second_objective": "metric/none"}, "sweep.second_objective=metric/none: "),
        (SPACE, {"storage": "multirun.yaml"}, "this file is there already: name another one"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_its_setting(tmp_path, task, changes, sentence):
    if "storage" in changes:
        changes = {"storage": str(tmp_path / "s" / changes["storage"])}
    config = config_of(tmp_path / "s", *task, **changes)
    with pytest.raises(InputError) as refusal:
        search(config, config.hydra.overrides.task, Leaves(tmp_path / "s"))
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_without_optuna_one_sentence_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(searching.checked_search.__globals__["importlib"].util, "find_spec", lambda name: None)
    config = config_of(tmp_path / "s")
    with pytest.raises(InputError, match=r"sweep=optuna: Optuna is not installed: .*\[optuna\]"):
        search(config, config.hydra.overrides.task, Leaves(tmp_path / "s"))


def test_trade_offs_of_two_objectives_are_marked(tmp_path):
    config = config_of(tmp_path / "s", second_objective="loss/generator", trials=3)
    search(config, config.hydra.overrides.task, Leaves(tmp_path / "s"))
    text = trials_text(read_jobs(tmp_path / "s"), OmegaConf.to_container(config), tmp_path / "s")
    assert text.count("*") == 2, "one trial, for the second objective is the same in all, and the note"
    assert "metric/frechet, smaller is better and loss/generator, smaller is better" in text
    write_csv(read_jobs(tmp_path / "s"), tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        seconds = [float(row["second_objective"]) for row in csv.DictReader(file)]
    assert seconds == [job.second for job in read_jobs(tmp_path / "s")]


def test_going_on_keeps_the_search_and_takes_more_trials(tmp_path):
    config_of(tmp_path / "s")
    typed = [f"resume={tmp_path / 's'}", "sweep=parallel", "sweep.trials=9"]
    command = resumed_sweep(tmp_path / "s", CommandLine.parse(typed))
    assert command.overrides[:5] == (*SPACE, "sweep=[optuna,parallel]", "sweep.trials=9")
    for refused in ("sweep.seed=1", "sweep.sampler=gp", "loss=hinge"):
        with pytest.raises(InputError, match=f"{refused}: a sweep goes on with its own settings"):
            resumed_sweep(tmp_path / "s", CommandLine.parse([f"resume={tmp_path / 's'}", refused]))


# as users run it


@pytest.mark.slow
@linux
def test_a_search_is_killed_goes_on_and_is_finished(tmp_path):
    sweep = tmp_path / "sweep"
    space = ["optimizer.lr=tag(log,interval(1e-4,1e-2))", "sweep.trials=2", "checkpoints.every_images=1000"]
    killed = started("-m", *QUICK, *space, "trainer.max_steps=100", f"hydra.sweep.dir={sweep}")
    first = sweep / "0_optimizer.lr=0.00761"
    wait_for(killed, first / "checkpoints" / "last.ckpt")
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert 0 < checkpoint(first)["global_step"] < 100
    done = train(f"resume={sweep}")
    assert done.returncode == 0, done.stderr
    assert f"job {first.name}: resumed" in done.stdout
    assert "2 of 2 trials finished" in done.stdout
    assert checkpoint(first)["global_step"] == 100
