"""Two processes with half a batch each equal one process with all of it."""

import pytest
from ranks import ROWS, differences

FAST = ["relativistic", "relativistic_average logistic", "lecam", "feature_matching", "ada", "packing"]
ROUNDING = 1e-11


@pytest.mark.parametrize(
    "names", [FAST, pytest.param([name for name in ROWS if name not in FAST], marks=pytest.mark.slow)]
)
def test_two_processes_equal_one(names):
    for name, found in differences(names).items():
        assert max(found) < ROUNDING, f"{name}: {found}"
