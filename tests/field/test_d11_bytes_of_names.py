"""Names that are no letters, and locales without letters, end in one sentence or do not matter."""

import os

import pytest

from helpers import SMALL, train_afresh
from saddle.config.validate import check
from saddle.error import InputError

RUN = [*SMALL, "trainer.max_steps=1", "callback.quality.extractor=none"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has letters only")


def test_a_working_folder_that_is_no_text(tmp_path):
    folder = os.fsencode(tmp_path) + b"/l\xe4ufe"
    os.mkdir(folder)  # noqa: PTH102
    result = train_afresh(*RUN, cwd=os.fsdecode(folder), PYTHONUTF8="1")
    [sentence] = result.stderr.splitlines()
    assert result.returncode == 2
    assert sentence.endswith("this name has bytes that are no letters of UTF-8; choose another name")


@pytest.mark.slow
def test_a_locale_without_letters(tmp_path):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = train_afresh(*RUN, "hydra.run.dir=run", cwd=tmp_path, **plain)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "summary.json").is_file()
    folder = tmp_path / "größe"
    folder.mkdir()
    result = train_afresh(*RUN, cwd=folder, **plain)
    assert result.returncode == 2
    assert result.stderr.endswith("set PYTHONUTF8=1 or choose another name\n")


def test_a_setting_is_checked_whatever_its_bytes():
    check("folder", "l\udce4ufe", str)
    with pytest.raises(InputError, match="should be a valid integer"):
        check("seed", "l\udce4ufe", int)
