"""Fault 12: a disk that is full or read-only ends the run with a sentence; what was saved before stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import REPOSITORY, checkpoint, train, trained
from saddle.training.checkpoint import MARK
from saddle.training.checkpoint_io import AtomicCheckpointIO
from systems import require_posix

require_posix()

SETTINGS = ["trainer.max_steps=6", "checkpoints.every_images=300"]


def small_files_only() -> None:
    """Files of this process may have a million bytes; a checkpoint has eight."""
    import resource  # not on Windows

    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


def resumed(folder: Path, prepare=None) -> subprocess.CompletedProcess:
    command = [sys.executable, str(REPOSITORY / "train.py"), f"resume={folder}", "trainer.max_steps=12"]
    return subprocess.run(command, cwd=REPOSITORY, preexec_fn=prepare, capture_output=True, text=True, check=False)


def check_kept(folder: Path, result: subprocess.CompletedProcess, reason: str) -> None:
    """The run failed in one line that names the folder, and goes on once it can write."""
    assert result.returncode == 1, result.stderr
    *_, line = result.stderr.splitlines()
    assert line.startswith(f"training failed: {folder}/")
    assert f" cannot be read or written ({reason})" in line
    assert line.endswith(f"{folder}/checkpoints/last.ckpt is whole: python train.py resume={folder} goes on from there")
    assert "Traceback" not in result.stderr
    assert checkpoint(folder)[MARK]["clock"]["iteration"] == 6
    assert list(folder.rglob(".*.[0-9]*")) == []
    result = train(f"resume={folder}", "trainer.max_steps=8")
    assert result.returncode == 0, result.stderr
    assert checkpoint(folder)[MARK]["clock"]["iteration"] == 8


@pytest.mark.slow
def test_a_file_that_cannot_grow_ends_the_run_in_a_sentence(tmp_path):
    trained(tmp_path, *SETTINGS)
    before = (tmp_path / "checkpoints" / "last.ckpt").read_bytes()
    result = resumed(tmp_path, small_files_only)
    assert (
        f"{tmp_path}/checkpoints/last.ckpt cannot be read or written (File too large): allow larger files"
        in result.stderr
    )
    assert (tmp_path / "checkpoints" / "last.ckpt").read_bytes() == before
    check_kept(tmp_path, result, "File too large")


@pytest.fixture
def mounted(tmp_path):
    """A file system in memory of 40 MB, or a skip where mounting is not permitted."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("mounting a file system is not permitted here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_full_disk(mounted):
    folder, ballast = mounted / "run", mounted / "ballast"
    trained(folder, *SETTINGS)  # three checkpoints of eight MB: 3, 6 and the best
    ballast.write_bytes(bytes(11_000_000))
    result = resumed(folder)
    ballast.unlink()
    check_kept(folder, result, "No space left on device")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_disk_that_is_read_only_by_now(mounted):
    folder = mounted / "run"
    trained(folder, *SETTINGS)
    subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    result = resumed(folder)
    subprocess.run(["mount", "-o", "remount,rw", mounted], check=True)
    assert "(Read-only file system): make it writable. " in result.stderr
    check_kept(folder, result, "Read-only file system")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    folder = tmp_path / "run"
    trained(folder, *SETTINGS)
    (folder / "checkpoints").chmod(0o555)
    result = resumed(folder)
    (folder / "checkpoints").chmod(0o755)
    check_kept(folder, result, "Permission denied")


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "a.ckpt"
    AtomicCheckpointIO().save_checkpoint({"a": 1}, path)
    before = path.read_bytes()

    def fail(content, file):
        file.write(b"half")
        raise OSError(28, "disk full")

    monkeypatch.setattr("torch.save", fail)
    with pytest.raises(OSError, match="disk full") as caught:
        AtomicCheckpointIO().save_checkpoint({"a": 2}, path)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.ckpt"]
