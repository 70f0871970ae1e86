import csv
import json
import math
from pathlib import Path

import pytest
import yaml

from saddle.cli.tools import run_tool
from saddle.sweep.jobs import Job, read_jobs
from saddle.sweep.table import choices, conclude, rows_of, text_of

BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
FIGURES = {("hinge", 1): 4.0, ("hinge", 2): 6.0, ("minimax", 1): 1.0, ("minimax", 2): None, ("non_saturating", 1): 3.0}


@pytest.fixture
def sweep(tmp_path):
    """Three losses by two seeds, one objective null, the last job never begun."""
    overrides = {"hydra": [], "task": ["data=digits", "loss=hinge,minimax,non_saturating", "seed=1,2"]}
    content = {"objective": "metric/frechet", "hydra": {"sweeper": {"_target_": BASIC}, "overrides": overrides}}
    (tmp_path / "multirun.yaml").write_text(yaml.safe_dump(content))
    for number, objective in enumerate(FIGURES.values()):
        folder = tmp_path / f"{number}_job"
        folder.mkdir()
        summary = {"finished": True, "iterations": 9, "seconds": 1.5, "metrics": {"metric/frechet": objective}}
        (folder / "summary.json").write_text(json.dumps(summary))
    return tmp_path


def test_a_sweep_without_jobs_is_not_taken_for_a_refused_one(tmp_path, capsys):
    content = {"hydra": {"sweeper": {"_target_": "other.Sweeper"}, "overrides": {"hydra": [], "task": []}}}
    (tmp_path / "multirun.yaml").write_text(yaml.safe_dump(content))
    assert conclude(tmp_path, None) == 0
    assert "0 of 0 jobs finished" in capsys.readouterr().out


def test_rows_are_settings_over_seeds_best_first_and_null_last(sweep):
    jobs = read_jobs(sweep)
    assert choices(jobs) == ["loss"]
    rows = rows_of(jobs)
    assert [values for values, _ in rows] == [("non_saturating",), ("hinge",), ("minimax",)]
    assert rows[:2] == [(("non_saturating",), [3.0]), (("hinge",), [4.0, 6.0])]
    assert rows[2][1][0] == 1.0
    assert math.isnan(rows[2][1][1])


def test_of_captured_modes_more_is_better(sweep):
    jobs = read_jobs(sweep)
    rows = rows_of(jobs, "metric/modes")
    assert [values for values, _ in rows] == [("hinge",), ("non_saturating",), ("minimax",)]
    assert math.isnan(rows[2][1][1])
    for name in ("metric/modes", "metric/precision", "metric/elbo"):  # of images and points, of a game
        assert rows_of(jobs, name) == rows
    assert "metric/modes, larger is better" in text_of(jobs, "metric/modes", sweep)
    assert "metric/frechet, smaller is better" in text_of(jobs, "metric/frechet", sweep)


def test_the_table_has_mean_and_sample_deviation_and_lists_what_is_missing(sweep, capsys):
    (sweep / "1_job" / "error.txt").write_text("Traceback\nValueError: a reason\n")
    assert run_tool(["table", str(sweep)]) == 0
    lines = capsys.readouterr().out.splitlines()
    cells = [line.split() for line in lines]
    assert ["loss", "n", "mean", "spread"] in cells
    assert ["hinge", "1", "4.0000", "-"] in cells  # the failed job does not count, and one objective has no spread
    assert ["minimax", "2", "nan", "nan"] in cells
    assert ["4", "of", "6", "jobs", "finished"] in cells
    assert f"  failed       {sweep / '1_job'}: ValueError: a reason" in lines
    assert f"  missing      {sweep / '5'}: not begun" in lines
    (sweep / "1_job" / "error.txt").unlink()
    text = text_of(read_jobs(sweep), "metric/frechet", sweep)
    assert f"hinge           2  5.0000  {math.sqrt(2):.4f}" in text


def test_table_csv_has_one_row_per_job(sweep):
    run_tool(["table", str(sweep)])
    with (sweep / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "number": "0",
        "folder": "0_job",
        "state": "finished",
        "overrides": "data=digits loss=hinge seed=1",
        "objective": "4.0",
        "second_objective": "",
        "iterations": "9",
        "seconds": "1.5",
    }
    assert [row["state"] for row in rows] == ["finished"] * 5 + ["missing"]
    assert rows[3]["objective"] == "nan"
    assert rows[5]["objective"] == ""


def test_jobs_that_differ_in_nothing_but_the_seed_make_one_row():
    jobs = [Job(n, Path(str(n)), {"loss": "hinge", "seed": str(n)}, "finished", objective=float(n)) for n in range(3)]
    assert rows_of(jobs) == [((), [0.0, 1.0, 2.0])]
    assert ["3", "1.0000", "1.0000"] in [line.split() for line in text_of(jobs, "x", Path()).splitlines()]


def test_the_end_of_a_sweep_has_an_exit_code_and_says_how_to_go_on(sweep, capsys):
    assert conclude(sweep, None) == 1
    assert f"not every job is finished; go on with: saddle train resume={sweep}" in capsys.readouterr().err
    assert (conclude(sweep, 2), conclude(sweep, 15)) == (130, 143)
    assert "stopped by SIGTERM; go on with" in capsys.readouterr().err
    (sweep / "5_job").mkdir()
    (sweep / "5_job" / "summary.json").write_text((sweep / "0_job" / "summary.json").read_text())
    assert conclude(sweep, None) == 0
    for number in range(6):
        (sweep / f"{number}_job" / "error.txt").write_text("seed=x: should be a number\n")
    capsys.readouterr()
    assert conclude(sweep, None) == 2
    assert capsys.readouterr().err == "seed=x: should be a number\n"


def test_what_is_no_sweep_is_refused(tmp_path, capsys):
    assert run_tool(["table", str(tmp_path)]) == 2
    assert "expected the folder of a sweep, with a multirun.yaml" in capsys.readouterr().err


def test_metrics_that_were_made_in_different_ways_are_not_put_side_by_side_in_silence(sweep):
    def stamped(number, extractor):
        path = sweep / f"{number}_job" / "summary.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "stamp": {"extractor": extractor, "real": 5}}))

    for number in range(5):
        stamped(number, "mnist-1234")
    assert "cannot be compared" not in text_of(read_jobs(sweep), "metric/frechet", sweep)
    stamped(3, "other-5678")
    text = text_of(read_jobs(sweep), "metric/frechet", sweep)
    assert "cannot be compared" in text
    assert "extractor mnist-1234, real 5" in text
    assert "extractor other-5678, real 5" in text
    assert "cannot be compared" not in text_of(read_jobs(sweep), "loss/generator", sweep)
