import csv

import pytest

from helpers import Points, fit, small_module
from saddle.callback.curves import Curves, append_row, cut_rows, last_row, widen_row
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.r1 import R1


def rows(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_row_per_logged_point_and_one_at_the_end(tmp_path):
    path = tmp_path / "metrics.csv"
    module = small_module(Adversarial(AdversarialObjective(NonSaturating(), {"r1": R1(weight=1.0)}), n_critic=2))
    fit(module, Points(), 11, [Curves(str(path))], log_every_n_steps=4)
    written = rows(path)
    assert [int(row["iteration"]) for row in written] == [4, 8, 11]
    assert [int(row["images"]) for row in written] == [32, 64, 88]
    assert [int(row["updates/generator"]) for row in written] == [2, 4, 5]
    last = written[-1]
    total = float(last["loss/discriminator/adversarial"]) + float(last["loss/discriminator/r1"])
    assert float(last["loss/discriminator"]) == pytest.approx(total)
    observed = module.played["discriminator"].observed
    assert float(last["probability/D_x"]) == pytest.approx(observed["real"].sigmoid().mean().item(), rel=1e-5)
    assert float(last["probability/D_G_z"]) == pytest.approx(observed["fake"].sigmoid().mean().item(), rel=1e-5)
    assert float(last["gradient_norm/generator"]) > 0
    assert float(last["learning_rate/generator"]) == 0.1


def test_a_new_column_is_added_without_losing_rows(tmp_path):
    path = tmp_path / "metrics.csv"
    append_row(path, {"iteration": 1, "a": 1.0})
    append_row(path, {"iteration": 2, "b": 2.0})
    append_row(path, {"iteration": 3, "a": 3.0})
    assert rows(path) == [
        {"iteration": "1", "a": "1.0", "b": ""},
        {"iteration": "2", "a": "", "b": "2.0"},
        {"iteration": "3", "a": "3.0", "b": ""},
    ]


def test_rows_after_the_checkpoint_are_cut(tmp_path):
    path = tmp_path / "metrics.csv"
    cut_rows(path, 3)
    for iteration in (1, 3, 5):
        append_row(path, {"iteration": iteration, "a": 0.5})
    cut_rows(path, 3)
    assert [row["iteration"] for row in rows(path)] == ["1", "3"]
    append_row(path, {"iteration": 4, "a": 0.5})
    assert [row["iteration"] for row in rows(path)] == ["1", "3", "4"]


def test_values_can_join_the_last_row_and_the_last_row_can_be_read(tmp_path):
    path = tmp_path / "metrics.csv"
    assert last_row(path) == {}
    append_row(path, {"iteration": 1, "loss": 2.0})
    append_row(path, {"iteration": 2, "loss": 3.0})
    widen_row(path, {"iteration": 2, "metric": 0.5})
    assert path.read_text().splitlines() == ["iteration,loss,metric", "1,2.0,", "2,3.0,0.5"]
    assert last_row(path) == {"iteration": 2.0, "loss": 3.0, "metric": 0.5}
    widen_row(path, {"iteration": 3, "metric": 0.25})
    assert path.read_text().splitlines()[-1] == "3,,0.25"
