import argparse

import pytest

from saddle.cli.argument import count, index, positive


def test_numbers_are_read():
    assert (index("0"), count("12"), positive()("0.5"), positive(3)("3")) == (0, 12, 0.5, 3.0)


@pytest.mark.parametrize(
    ("kind", "text"),
    [(index, "-1"), (index, "1.5"), (index, ""), (count, "0"), (positive(), "0"), (positive(), "inf")]
    + [(positive(), "nan"), (positive(), "x"), (positive(3), "3.1"), (positive(3), "-1")],
)
def test_other_numbers_are_refused(kind, text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"is not a .*number|use at least 1"):
        kind(text)
