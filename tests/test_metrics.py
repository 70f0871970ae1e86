"""A metric of one's own is one Python file and one YAML file, and then known to training, tools and tables."""

import csv
import json
import re
import shlex
import shutil

import pytest

from helpers import REPOSITORY, command

PYTHON_FILE = '''
from dataclasses import dataclass

from saddle.metric.base import Metric, MetricInputs


@dataclass(frozen=True)
class Brightness(Metric):
    """`twice`, a number for each sample; larger is better."""

    scale: float = 1.0

    directions = {"twice": "larger"}

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        return {"twice": self.scale * 2 * len(inputs.fake.features)}
'''
YAML_FILE = """
own:
  _target_: saddle.metric.own.Brightness
  scale: 1.0
"""
PAGE = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SMALL = ["data=digits", "architecture=mlp", "trainer.max_steps=3", "callback.quality.num=60", "logger=none"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of saddle with two metrics more: the one above, and the one that docs/metrics.md shows."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("src", "conf"):
        shutil.copytree(REPOSITORY / name, folder / name)
    shutil.copy(REPOSITORY / "train.py", folder)
    (folder / "src" / "saddle" / "metric" / "own.py").write_text(PYTHON_FILE, encoding="utf-8")
    (folder / "conf" / "metric" / "own.yaml").write_text(YAML_FILE, encoding="utf-8")
    for name, content in SHOWN.items():
        assert not (folder / name).exists()
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def played(copy, *arguments: str):
    """What a command of the copy says."""
    return command(*arguments, cwd=copy, PYTHONPATH=str(copy / "src"))


@pytest.fixture(scope="module")
def sweep(copy):
    """Two jobs that differ in the metric's setting, compared by the metric."""
    own = ["metric=[default,own]", "metric.own.scale=1,3", "objective=metric/twice", "hydra.sweep.dir=sweep"]
    result = played(copy, "train.py", "-m", *SMALL, *own)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_training_logs_it_after_those_that_were_there(copy, sweep):
    (folder,) = (copy / "sweep").glob("0_*")
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        (row,) = [row for row in csv.DictReader(file) if row["metric/twice"]]
    assert float(row["metric/twice"]) == 120
    names = [name for name in row if name.startswith("metric/")]
    assert names == [*(f"metric/{name}" for name in ("frechet", "kernel", "histogram", "score")), *names[4:]]
    assert {"metric/modes", "metric/modes_kl"} < set(names)
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["metrics"]["metric/twice"] == 120


def test_the_table_of_a_sweep_knows_its_direction(sweep):
    lines = sweep[sweep.index("metric/twice, larger is better") :].splitlines()
    rows = [line.split() for line in lines if "0.0000" in line or line.rstrip().endswith("-")]
    assert [float(row[2]) for row in rows] == [360, 120]


@pytest.mark.slow
def test_evaluate_measures_it_though_nobody_names_it(copy, sweep):
    (folder,) = (copy / "sweep").glob("1_*")
    result = played(copy, "-m", "saddle", "evaluate", str(folder), "--num", "70", "--out", "e.json")
    assert result.returncode == 0, result.stderr
    found = json.loads((copy / "e.json").read_text(encoding="utf-8"))["samples"]
    assert list(found)[-2:] == ["mean_distance", "twice"]  # after those with a place, by the names of their files
    assert found["twice"] == 140  # as its file sets it, so that runs can be compared
    assert {"frechet", "precision", "modes"} < found.keys()


@pytest.mark.slow
def test_the_example_of_the_page_is_measured_by_the_command_that_it_shows(copy):
    assert sorted(SHOWN) == ["conf/metric/mean_distance.yaml", "src/saddle/metric/mean_distance.py"]
    (overrides,) = re.findall(r"Try it with `python train.py (.+?)`", PAGE)
    small = ["callback.quality.num=60", "logger=none", "folder=example"]
    result = played(copy, "train.py", *shlex.split(overrides), *small)
    assert result.returncode == 0, result.stderr
    metrics = json.loads((copy / "example" / "summary.json").read_text(encoding="utf-8"))["metrics"]
    assert 0 < metrics["metric/mean_distance"] ** 2 <= metrics["metric/frechet"]  # whose first term it is


def test_help_lists_it(copy):
    assert "own" in played(copy, "train.py", "--help").stdout.partition("metric:")[2].splitlines()[0]
