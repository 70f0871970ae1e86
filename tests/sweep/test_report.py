import math

from saddle.sweep.comparison import compared
from saddle.sweep.report import CSV_COLUMNS, csv_rows, markdown_of, text_of
from sweeps import change, sweep

VALUES = {"hinge": [4.0, 6.0, 5.0], "minimax": [4.5, math.nan, 6.5], "non_saturating": [9.0, 8.0, 10.0]}


def cells(text: str) -> list[list[str]]:
    return [line.replace("|", " ").split() for line in text.splitlines()]


def test_text_and_markdown_have_every_row_with_its_interval_tie_and_failures(tmp_path):
    place = sweep(tmp_path / "s", VALUES)
    comparison = compared([place])
    best, worse = comparison.tables[0].rows[:2]
    low, high = best.interval
    for text in (text_of(comparison), markdown_of(comparison)):
        assert ["hinge", "3", "5", "1", f"{low:.4g}", "to", f"{high:.4g}", "-", "0", "0", "10.0", "6,400"] in cells(
            text
        )
        rows = {line[0]: line for line in cells(text) if line}
        assert rows["minimax"][:4] == ["minimax", "3", "5.5", "1.414"]
        assert "=" in rows["minimax"]
        assert rows["minimax"][-4:-2] == ["1", "0"]
        assert "=" not in rows["non_saturating"]
        assert not comparison.tables[0].tied(worse)
        assert "rates" not in text
    change(place / "0_loss=hinge,seed=1", learning_rates={"discriminator": 0.002, "generator": 0.001})
    assert "0.002/0.001" in text_of(compared([place]))


def test_csv_has_full_numbers(tmp_path):
    [first, *_] = csv_rows(compared([sweep(tmp_path / "s", {"hinge": [4.0, 6.5], "minimax": [7.0, 8.0]})]))
    row = dict(zip(CSV_COLUMNS, first, strict=True))
    assert row["settings"] == "loss=hinge"
    assert (row["n"], row["mean"], row["failed"], row["tied"]) == (2, 5.25, 0, False)
    assert (row["low"], row["high"]) == (4.0, 6.5)


def test_tables_of_different_stamps_and_unfinished_jobs_are_said(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [4.0, 6.0], "minimax": [1.0, 3.0]})
    assert "tables of their own" not in text_of(compared([place]))
    change(place / "0_loss=hinge,seed=1", stamp={"extractor": "other"})
    change(place / "3_loss=minimax,seed=2", finished=False)
    text = text_of(compared([place]))
    assert "tables of their own" in text
    assert "3_loss=minimax,seed=2" in text
