"""The table of causes, and what a sign is."""

import math
import re

import pytest

from helpers import REPOSITORY
from saddle.diagnosis import examine
from saddle.diagnosis.symptom import SYMPTOMS
from saddle.diagnosis.table import Sign, read_table

assert examine.examine, "its import fills SYMPTOMS"


def test_evidence_is_linear_between_its_ends_and_falls_as_well_as_it_rises():
    assert [Sign("x", 0, 2).strength(value) for value in (-1, 0, 1, 2, 9)] == [0, 0, 0.5, 1, 1]
    assert [Sign("x", 2, 0).strength(value) for value in (9, 1.5, -1)] == [0, 0.25, 1]


def test_evidence_over_a_wide_range_is_linear_in_the_logarithm():
    assert Sign("x", 1, 100).strength(10) == pytest.approx(0.5)
    assert Sign("x", 100, 1).strength(1000) == 0
    assert Sign("x", 1, 100).strength(0) == 0
    assert Sign("x", 1, 3.9).strength(2.45) == pytest.approx(0.5)


def test_infinity_is_evidence_where_a_symptom_rises_and_nothing_else_is_nan():
    assert Sign("x", 1, 2).strength(math.inf) == 1
    assert Sign("x", 2, 1).strength(math.inf) == 0
    assert Sign("x", 1, 2).strength(math.nan) == 0


def test_the_table_names_known_symptoms_and_every_cause_is_described_on_its_page():
    page = (REPOSITORY / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    for cause in read_table():
        for signs in (*cause.needs, cause.hints):
            for sign in signs:
                assert sign.symptom in SYMPTOMS, f"{cause.name}: {sign.symptom}"
        assert re.search(rf"^### `{cause.name}`$", page, re.MULTILINE), cause.name


def test_every_symptom_is_described_on_the_page():
    page = (REPOSITORY / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    for name, symptom in SYMPTOMS.items():
        assert f"| `{name}` | {symptom.unit} | {symptom.text} |" in page, name


@pytest.mark.parametrize(
    "row",
    ["a: {sentence: s, mend: m}", "a: {sentence: s, mend: m, needs: {x: [1, 2]}, other: 1}"],
)
def test_an_incomplete_row_is_refused_by_its_name(tmp_path, row):
    path = tmp_path / "causes.yaml"
    path.write_text(row)
    with pytest.raises(ValueError, match="^a: "):
        read_table(path)


def test_a_sign_without_a_range_is_refused(tmp_path):
    path = tmp_path / "causes.yaml"
    path.write_text("a: {sentence: s, mend: m, needs: {x: [1, 1]}}")
    with pytest.raises(ValueError, match="x begins and is full"):
        read_table(path)
