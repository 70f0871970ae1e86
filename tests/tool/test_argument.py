import argparse

import pytest

from saddle.tool.argument import count, index, positive


def test_numbers_are_read():
    assert (index("0"), count("12"), positive()("0.5"), positive(3)("3")) == (0, 12, 0.5, 3.0)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((index, text) for text in ("-1", "1.5", "", "x")),
        *((count, text) for text in ("0", "-1")),
        *((positive(), text) for text in ("0", "inf", "nan", "x", "-1")),
        (positive(3), "3.1"),
    ],
)
def test_other_numbers_are_refused(kind, text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"is not a .*number|use at least 1"):
        kind(text)
