"""How symptoms become causes."""

import json

import pytest

from helpers import REPOSITORY
from saddle.diagnosis.judge import judged
from saddle.diagnosis.table import Cause, Sign, read_table

TABLE = read_table()


def cause(name: str, needs: list[Sign], *hints: Sign, is_well: bool = False) -> Cause:
    return Cause(name, "It is so.", "Change it.", (), (tuple(needs),), hints, is_well)


def healthy() -> dict[str, float]:
    """The symptoms of a healthy run of the clinic."""
    lines = (REPOSITORY / "docs" / "diagnosis" / "seen.jsonl").read_text(encoding="utf-8").splitlines()
    runs = [json.loads(line) for line in lines]
    return next(run["symptoms"] for run in runs if run["cause"] == "healthy" and "mnist_mlp" in run["name"])


def test_the_score_is_the_weakest_need_and_halves_without_hints():
    table = [cause("a", [Sign("x", 0, 1), Sign("y", 0, 1)], Sign("z", 0, 1))]
    assert judged(table, {"x": 1, "y": 0.8, "z": 1})[0].score == pytest.approx(0.8)
    assert judged(table, {"x": 1, "y": 1, "z": 0})[0].score == pytest.approx(0.5)
    assert judged(table, {"x": 1, "y": 1, "z": 0.5})[0].score == pytest.approx(0.75)
    assert judged(table, {"x": 1, "y": 0.4, "z": 1}) == []


def test_a_hint_that_was_not_seen_does_not_count_and_a_need_does():
    table = [cause("a", [Sign("x", 0, 1)], Sign("z", 0, 1))]
    assert judged(table, {"x": 1})[0].score == 1
    assert judged(table, {"z": 1}) == []


def test_one_of_several_lists_of_needs_is_enough():
    table = [Cause("a", "s", "m", (), ((Sign("x", 0, 1),), (Sign("y", 0, 1),)), ())]
    assert judged(table, {"y": 1})[0].evidence[0].sign.symptom == "y"


def test_higher_scores_come_first_then_the_order_of_the_table_and_healthy_remarks_last():
    rows = {"well": True, "a": False, "b": False, "c": False}
    table = [cause(name, [Sign(name, 0, 1)], is_well=is_well) for name, is_well in rows.items()]
    found = judged(table, {"well": 1, "a": 0.8, "b": 1, "c": 1})
    assert [diagnosis.cause.name for diagnosis in found] == ["b", "c", "a", "well"]


def test_the_score_in_words():
    table = [cause("a", [Sign("x", 0, 1)])]
    assert [judged(table, {"x": value})[0].sureness for value in (0.95, 0.75, 0.55)] == ["sure", "likely", "possible"]


def test_nothing_is_wrong_with_a_healthy_run():
    assert [diagnosis for diagnosis in judged(TABLE, healthy()) if not diagnosis.cause.is_well] == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_cause_is_named_first_where_its_signs_show_in_an_otherwise_healthy_run(row):
    for needs in row.needs:
        symptoms = healthy() | {sign.symptom: sign.full for sign in (*needs, *row.hints)}
        assert judged(TABLE, symptoms)[0].cause.name == row.name


COLLAPSED = {"variety": 0.02, "distance": 0.2, "improvement": 0.0}


def test_a_collapse_that_nothing_explains_is_no_health_and_a_cause_comes_before_it():
    assert [found.cause.name for found in judged(TABLE, healthy() | COLLAPSED)] == ["collapsed"]
    causes = judged(TABLE, healthy() | COLLAPSED | {"momentum": 0.92})
    assert [found.cause.name for found in causes] == ["momentum_too_high", "collapsed"]


def test_samples_that_improve_are_no_collapse_unless_an_alarm_rang():
    improving = healthy() | {"variety": 0.02, "distance": 0.2, "improvement": 0.5}
    assert [(found.cause.name, found.cause.is_well) for found in judged(TABLE, improving)] == [
        ("still_improving", True)
    ]
    assert judged(TABLE, improving | {"collapse_alarms": 1.0})[0].cause.name == "collapsed"


def test_a_run_that_has_hardly_begun_is_called_so_first():
    causes = judged(
        TABLE, healthy() | {"iterations": 50, "distance": 0.2, "improvement": 0.0, "leak": 0.9, "common_fill": 0.5}
    )
    assert [found.cause.name for found in causes][:2] == ["budget_too_short", "augmentation_leaks"]
