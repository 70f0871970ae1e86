import math

import pytest

from saddle.error import InputError
from saddle.sweep.comparison import compared
from sweeps import change, sweep

NAN = math.nan
VALUES = {"hinge": [4.0, 6.0, 5.0], "minimax": [1.0, NAN, 3.0], "non_saturating": [9.0, 8.0, 10.0]}


def test_rows_are_settings_over_seeds_best_first_and_those_with_failed_seeds_after_the_others(tmp_path):
    [table] = compared([sweep(tmp_path / "s", VALUES)]).tables
    assert table.settings == ["loss"]
    assert [row.name for row in table.rows] == [("hinge",), ("non_saturating",), ("minimax",)]
    best, _, last = table.rows
    assert (best.mean, best.spread, best.failed, best.collapsed) == (5.0, 1.0, 0, 0)
    assert (last.mean, last.failed, len(last.trials)) == (2.0, 1, 3)
    assert (best.cost("cpu_seconds"), best.cost("images"), best.rates) == (10.0, 6400, "0.001")
    assert table.probability(last) == pytest.approx(2 / 3)  # of nine pairs the failed seed loses three
    assert not table.tied(best)


def test_a_value_that_was_not_finite_is_a_failure_and_of_larger_metrics_the_largest_is_first(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [4.0, None], "minimax": [1.0, 3.0]})
    [table] = compared([place]).tables
    assert [(row.name, row.failed) for row in table.rows] == [(("minimax",), 0), (("hinge",), 1)]
    for number, recall in enumerate((0.9, 0.8, 0.1, 0.2)):
        run = next(place.glob(f"{number}_*"))
        change(run, metrics={"metric/recall": recall})
    [table] = compared([place], "metric/recall").tables
    assert table.larger
    assert [row.name for row in table.rows] == [("hinge",), ("minimax",)]
    assert table.probability(table.rows[1]) == 0.0


def test_rows_in_which_every_seed_failed_come_last(tmp_path):
    [table] = compared([sweep(tmp_path / "s", {"hinge": [NAN, NAN], "minimax": [9.0, NAN]})]).tables
    assert [row.name for row in table.rows] == [("minimax",), ("hinge",)]
    assert math.isnan(table.rows[1].mean)
    assert table.probability(table.rows[1]) == 0.25


def test_collapsed_runs_are_counted(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [4.0, 6.0, None]})
    change(place / "0_loss=hinge,seed=1", alarms=["classes", "quality"])
    change(place / "1_loss=hinge,seed=2", alarms=["discriminator_wins"])
    change(place / "2_loss=hinge,seed=3", alarms=["duplicates"])
    [row] = compared([place]).tables[0].rows
    assert (row.failed, row.collapsed) == (1, 1)


def test_what_was_measured_otherwise_has_a_table_of_its_own(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [4.0, 6.0], "minimax": [1.0, 3.0]})
    for number in (2, 3):
        change(next(place.glob(f"{number}_*")), stamp={"extractor": "other", "real": 10_000})
    tables = compared([place]).tables
    assert [[row.name for row in table.rows] for table in tables] == [[("hinge",)], [("minimax",)]]
    assert "other" in tables[1].measured
    assert len(compared([place], "loss/generator").tables) == 1  # losses have no stamp
    change(next(place.glob("0_*")), data={"name": "Mnist"})
    assert len(compared([place], "loss/generator").tables) == 2


def test_sweeps_are_put_together(tmp_path):
    first = sweep(tmp_path / "first", {"hinge": [4.0, 6.0]})
    second = sweep(tmp_path / "second", {"minimax": [1.0, 3.0]})
    [table] = compared([first, second]).tables
    assert [row.name for row in table.rows] == [("minimax",), ("hinge",)]


def test_jobs_that_have_not_ended_are_named_and_not_counted(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [4.0, 6.0]})
    change(place / "1_loss=hinge,seed=2", finished=False)
    comparison = compared([place])
    assert [job.number for job in comparison.unfinished] == [1]
    [row] = comparison.tables[0].rows
    assert len(row.trials) == 1


def test_one_seed_and_different_budgets_are_said(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [4.0], "minimax": [1.0]})
    notes = compared([place]).tables[0].notes
    assert [note for note in notes if "one seed" in note] == notes
    change(place / "0_loss=hinge,seed=1", cpu_seconds=20.0)
    assert not any("budgets" in note for note in compared([place]).tables[0].notes)  # as many images
    change(place / "0_loss=hinge,seed=1", images=9000)
    assert sum("budgets" in note for note in compared([place]).tables[0].notes) == 1


@pytest.mark.parametrize(("seeds", "said"), [(5, 1), (6, 0)])
def test_intervals_of_few_seeds_are_said_to_be_too_narrow(tmp_path, seeds, said):
    [table] = compared([sweep(tmp_path / "s", {"hinge": [float(seed) for seed in range(seeds)]})]).tables
    assert sum("too narrow" in note for note in table.notes) == said


@pytest.mark.parametrize(
    ("values", "metric", "named"),
    [
        ({"hinge": [1.0, 2.0]}, "metric/nothing", "--metric metric/nothing"),
        ({"hinge": [NAN, NAN]}, None, "metric/frechet"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, values, metric, named):
    with pytest.raises(InputError) as caught:
        compared([sweep(tmp_path / "s", values)], metric)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_same_run_twice_is_refused_and_so_is_a_sweep_without_an_objective(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [1.0, 2.0]})
    with pytest.raises(InputError, match="same run"):
        compared([place, place])
    with pytest.raises(InputError, match="--metric"):
        compared([sweep(tmp_path / "none", {"hinge": [1.0, 2.0]}, objective=None)])
    with pytest.raises(InputError, match="multirun.yaml"):
        compared([tmp_path])
