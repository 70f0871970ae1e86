import csv
import sys

import pytest

import saddle.sweep.files
from helpers import command
from saddle.cli.tools import run_tool
from sweeps import change, curve, sweep

VALUES = {"hinge": [4.0, 6.0], "minimax": [9.0, 8.0]}


def test_the_table_is_printed_and_nothing_is_written(tmp_path, capsys):
    place = sweep(tmp_path / "s", VALUES)
    before = sorted(tmp_path.rglob("*"))
    assert run_tool(["compare", str(place)]) == 0
    assert "hinge" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before


def test_files_lie_in_a_new_folder(tmp_path, capsys):
    place, out = sweep(tmp_path / "s", VALUES), tmp_path / "out"
    options = ["--curve", "metric/frechet", "--against", "cpu_seconds", "--scatter", "metric/frechet", "metric/recall"]
    assert run_tool(["compare", str(place), *options, "--out", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    figures = {f"{name}.{kind}" for name in ("curves_metric_frechet", "scatter") for kind in ("png", "svg")}
    assert names == {"table.csv", "table.md", "index.html", *figures}  # these runs have no checkpoints, so no samples
    with (out / "table.csv").open(newline="") as file:
        assert [row["settings"] for row in csv.DictReader(file)] == ["loss=hinge", "loss=minimax"]
    page = (out / "index.html").read_text()
    assert page.count("<svg") == 2
    assert "CPU seconds of training" in page
    assert "index.html" in capsys.readouterr().out


def test_runs_that_were_measured_once_have_no_curve(tmp_path):
    place, out = sweep(tmp_path / "s", VALUES), tmp_path / "out"
    for number, run in enumerate(sorted(place.glob("*_*"))):
        curve(run / "metrics.csv", [{"iteration": 10, "images": 640, "metric/frechet": 5.0 + number}])
    assert run_tool(["compare", str(place), "--out", str(out)]) == 0
    assert {path.name for path in out.glob("*.svg")} == {"seeds_metric_frechet.svg"}
    assert "measured once in each run" in (out / "index.html").read_text()


def test_a_second_table_has_figures_of_its_own(tmp_path):
    place, out = sweep(tmp_path / "s", VALUES), tmp_path / "out"
    for number in (2, 3):
        change(next(place.glob(f"{number}_*")), stamp={"extractor": "other"})
    assert run_tool(["compare", str(place), "--out", str(out)]) == 0
    assert {"curves_metric_frechet.svg", "curves_metric_frechet-2.svg"} <= {path.name for path in out.iterdir()}


def test_what_is_there_is_not_overwritten_and_what_is_missing_is_named(tmp_path, capsys):
    place, out = sweep(tmp_path / "s", VALUES), tmp_path / "out"
    out.mkdir()
    (out / "mine").touch()
    assert run_tool(["compare", str(place), "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith(f"--out {out}")
    arguments = ["compare", str(place), "--scatter", "metric/frechet", "metric/nothing", "--out", str(tmp_path / "new")]
    assert run_tool(arguments) == 2
    assert capsys.readouterr().err.startswith("--scatter metric/nothing")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_a_thousand_runs_take_less_than_half_a_minute_and_a_gibibyte(tmp_path):
    losses = {f"loss{number}": [float(number + seed) for seed in range(10)] for number in range(100)}
    place = sweep(tmp_path / "s", losses)
    code = (
        "import resource, sys\nfrom saddle.cli.tools import run_tool\n"
        f"code = run_tool(['compare', {str(place)!r}, '--out', {str(tmp_path / 'out')!r}])\n"
        "usage = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)\nsys.exit(code)\n"
    )
    result = command("-c", code)
    assert result.returncode == 0, result.stderr
    seconds, kibibytes = map(float, result.stderr.split()[-2:])
    assert seconds < 30
    assert kibibytes < 2**20
    assert saddle.sweep.files.MOST < 100
