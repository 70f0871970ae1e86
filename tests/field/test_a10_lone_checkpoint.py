"""A checkpoint outside of a run's folder is read; nothing is written beside it."""

import shutil

import pytest

from helpers import SMALL, trained
from saddle.cli.tools import run_tool
from saddle.run.finished import FinishedRun


@pytest.fixture(scope="module")
def lone(tmp_path_factory):
    """A function of the path below an empty folder at which a checkpoint is put; it returns both."""
    place = tmp_path_factory.mktemp("lone")
    trained(place / "run", "trainer.max_steps=1", "callback.quality.extractor=none")

    def put(path: str):
        folder = tmp_path_factory.mktemp("elsewhere")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place / "run" / "checkpoints" / "last.ckpt", folder / path)
        return folder, folder / path

    return put


@pytest.mark.parametrize("path", ["x.ckpt", "checkpoints/x.ckpt", "checkpoints/last.ckpt", "a/b/last.ckpt"])
def test_nothing_is_written_above_it(lone, path, capsys):
    folder, checkpoint = lone(path)
    before = sorted(folder.rglob("*"))
    cache = folder.parent / "cache-of-a10"
    assert run_tool(["evaluate", str(checkpoint), "--num", "100", "--cache", str(cache)]) == 0
    assert "metrics in" not in capsys.readouterr().out
    assert sorted(folder.rglob("*")) == before
    assert FinishedRun.open(checkpoint).folder is None


def test_one_in_a_runs_folder_knows_it(tmp_path):
    trained(tmp_path, *SMALL, "trainer.max_steps=1", "callback.quality.extractor=none")
    assert FinishedRun.open(tmp_path / "checkpoints" / "last.ckpt").folder == tmp_path
