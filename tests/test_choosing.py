"""The rates that benchmarks/choosing.py writes are those of the best rows, and studies read them."""

import math

import yaml
from choosing import write_rates

from saddle.config.compose import compose
from saddle.config.options import options
from saddle.sweep.comparison import Row, Table, Trial
from saddle.sweep.jobs import Job


def row(method: str, rate: str, value: float, folder) -> Row:
    job = Job(0, folder, {"method": method, "optimizer.lr": rate, "seed": "0"}, "finished")
    return Row((method, rate), (Trial(job, value, {}),))


def test_the_best_rate_of_each_method_is_written(tmp_path):
    best_first = [
        ("hinge", "0.001", 3.0),
        ("minimax", "0.0002", 4.0),
        ("hinge", "0.0002", 5.0),
        ("gone", "1", math.nan),
    ]
    rows = [row(*values, tmp_path) for values in best_first]
    write_rates(Table("metric/frechet", "digits", ["method", "optimizer.lr"], rows), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["objectives_hinge.yaml", "objectives_minimax.yaml"]
    text = (tmp_path / "objectives_hinge.yaml").read_text()
    assert yaml.safe_load(text) == {"optimizer": {"lr": 0.001}}
    assert text.startswith("# @package _global_\n")


def test_a_study_has_the_rate_of_the_method_s_file_and_else_its_own():
    rated = [name.removeprefix("objectives_") for name in options("study/method") if name.startswith("objectives_")]
    for method in ("hinge", "minimax"):
        rate = compose(["study=objectives", f"method={method}"]).optimizer["generator"]["lr"]
        assert rate == 1e-3 or method in rated
