"""Fault 9: what is no whole checkpoint is refused in one line; a run's folder falls back to the one before."""

import shutil
import zipfile

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import checkpoint, command, differences, train, trained
from saddle.callback.curves import _read
from saddle.error import InputError
from saddle.training.checkpoint import FORMAT, MARK, read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO

CLOCK = {"iteration": 3, "images": 24, "updates": {"generator": 3}}
CONTENT = {MARK: {"format": FORMAT, "clock": CLOCK, "record": {}}, "state_dict": {"w": torch.arange(3.0)}}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "a.ckpt"
    AtomicCheckpointIO().save_checkpoint(CONTENT, path)
    return path


def _empty_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "y")


def _without(name):
    return {MARK: {key: value for key, value in CONTENT[MARK].items() if key != name}, "state_dict": {}}


SPOILS = [
    (lambda p: p.unlink(), "found nothing"),
    (lambda p: (p.unlink(), p.mkdir()), "found a folder"),
    (lambda p: p.write_bytes(b""), "is empty"),
    (lambda p: p.write_text("hello\n"), "not a checkpoint, or a truncated one"),
    (_empty_zip, "is damaged"),
    (lambda p: torch.save({"state_dict": {}}, p), "was not written by saddle"),
    (lambda p: torch.save([1], p), "was not written by saddle"),
    (lambda p: torch.save({MARK: None, "state_dict": {}}, p), "was not written by saddle"),
    (lambda p: torch.save(_without("clock"), p), "was not written by saddle"),
    (lambda p: torch.save(_without("format"), p), "another version of saddle wrote this"),
    (lambda p: torch.save(_without("record"), p), "was not written by saddle"),
    (lambda p: torch.save({MARK: CONTENT[MARK], "state_dict": None}, p), "was not written by saddle"),
    (lambda p: torch.save({**CONTENT, MARK: {"clock": {"iteration": "3"}, "record": {}}}, p), "was not written by"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILS)
def test_other_files_are_refused_in_one_sentence(saved, spoil, message):
    spoil(saved)
    with pytest.raises(InputError, match=message) as caught:
        read_checkpoint(saved)
    assert str(caught.value).startswith(f"{saved}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_it_is_refused_wherever_it_is_cut_off(saved):
    content = saved.read_bytes()
    for length in range(0, len(content), 7):
        saved.write_bytes(content[:length])
        with pytest.raises(InputError, match="is empty" if length == 0 else "not a checkpoint, or a truncated one"):
            read_checkpoint(saved)


def test_a_checkpoint_from_before_there_were_digests_is_read(saved):
    torch.save(CONTENT, saved)
    assert differences(read_checkpoint(saved), CONTENT) == []


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that has saved at 5, 10 and 15."""
    folder = tmp_path_factory.mktemp("run")
    trained(folder, "trainer.max_steps=15", "checkpoints.every_images=500", "callback.samples.every_iterations=5")
    return folder


def test_a_run_goes_on_from_the_one_before_a_damaged_one(run, tmp_path):
    folder, last = tmp_path / "run", tmp_path / "run" / "checkpoints" / "last.ckpt"
    shutil.copytree(run, folder)
    names = {path.name for path in last.parent.iterdir()}
    assert names == {"00000010.ckpt", "00000015.ckpt", "last.ckpt", "best.ckpt"}
    straight = checkpoint(folder)
    for path in (last, last.with_name("00000015.ckpt")):  # two names of one file, which the copy has made two
        path.write_bytes(path.read_bytes()[:-1000])
    refused = train(f"resume={last}")
    assert refused.returncode == 2
    assert refused.stderr == f"{last}: not a checkpoint, or a truncated one; use another one\n"
    warning = f"warning: {last}: not a checkpoint, or a truncated one: 00000010.ckpt, of iteration 10, is used instead"
    sampled = command("-m", "saddle", "sample", str(folder), "--num", "4", "--out", str(tmp_path / "grid.png"))
    assert (sampled.returncode, sampled.stderr.splitlines()) == (0, [warning])
    result = train(f"resume={folder}", "trainer.max_steps=14")
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines()[0] == warning
    assert checkpoint(folder)[MARK]["clock"]["iteration"] == 14
    assert {path.name for path in last.parent.iterdir()} == (names | {"00000014.ckpt"}) - {"00000015.ckpt"}
    assert [int(row["iteration"]) for row in _read(folder / "metrics.csv")] == [5, 10, 14]
    assert sorted(int(path.stem) for path in (folder / "samples").glob("*.png")) == [0, 1, 2, 5, 10, 14]
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("3_losses/generator")] == [5, 10, 14]
    assert train(f"resume={folder}", "trainer.max_steps=15").returncode == 0
    resumed = checkpoint(folder)
    for content in (straight, resumed):
        content["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, resumed) == []


def test_a_run_without_its_last_checkpoint_goes_on_from_the_latest_one(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    (folder / "checkpoints" / "last.ckpt").unlink()
    result = train(f"resume={folder}", "trainer.max_steps=16")
    assert result.returncode == 0, result.stderr
    assert "last.ckpt: expected a checkpoint file, found nothing: 00000015.ckpt, of iteration 15" in result.stderr
    for path in (folder / "checkpoints").glob("*.ckpt"):
        path.write_text("nothing sound is left")
    result = train(f"resume={folder}", "trainer.max_steps=20")
    assert result.returncode == 2
    assert result.stderr == f"{folder}/checkpoints/last.ckpt: not a checkpoint, or a truncated one; use another one\n"
