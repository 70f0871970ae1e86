"""Names that saddle makes up are as short as file systems demand, which count bytes."""

import os

import pytest

from saddle.file import replacing
from saddle.sweep.jobs import job_name

LONGEST = 255  # bytes, on most file systems


@pytest.mark.parametrize("letter", ["a", "ä", "試", "💥"])
def test_jobs(tmp_path, letter):
    name = job_name(str(tmp_path), 3, f"data.root={letter * 300},seed=1")
    assert len(os.fsencode(name)) <= LONGEST
    assert name.startswith("3_data.root=")


@pytest.mark.parametrize("letter", ["a", "ä", "試"])
def test_temporary_files(tmp_path, letter):
    path = tmp_path / (letter * (LONGEST // len(os.fsencode(letter))))
    with replacing(path) as temporary:
        temporary.write_text("x")
    assert path.read_text() == "x"
