"""Flags that show settings leave no folder behind."""

import pytest

from helpers import train


@pytest.mark.parametrize(
    "flags",
    [["--cfg", "all"], ["--cfg", "hydra", "--resolve"], ["--cfg", "job"], ["--info"], ["--help"], ["--hydra-help"]],
)
def test_nothing_is_left(tmp_path, flags):
    result = train("data=digits", *flags, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert list(tmp_path.iterdir()) == []


def test_two_flags_that_show_are_refused(tmp_path):
    result = train("--cfg", "job", "-m", "seed=1,2", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (2, "--multirun and --cfg do not go together: use one of them\n")
