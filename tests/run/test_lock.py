import errno
import subprocess
import sys

import pytest
from filelock import FileLock

from helpers import command
from saddle.config.override import quoted
from saddle.layout import LOCK
from saddle.run.folder import clear
from saddle.run.lock import claim, hold, let_go, occupy, remove_claimed, unique_folder
from systems import linux, posix


def test_two_runs_or_sweeps_of_one_second_get_a_folder_each(tmp_path):
    wanted = tmp_path / "day" / "12-00-00"
    made = [unique_folder(str(wanted)) for _ in range(3)]
    assert made == [str(wanted), f"{wanted}-2", f"{wanted}-3"]
    (wanted / "0" / ".hydra").mkdir(parents=True)
    (wanted / "multirun.yaml").touch()
    (wanted / "0" / LOCK).touch()  # of a worker that was killed
    (tmp_path / "day" / "12-00-00-2" / "0" / "checkpoints").mkdir(parents=True)
    (tmp_path / "day" / "12-00-00-2" / "0" / "checkpoints" / "last.ckpt").touch()
    remove_claimed()  # only the one in which something was trained stays
    assert [path.name for path in (tmp_path / "day").iterdir()] == ["12-00-00-2"]


HOLD = "import pathlib, sys; from saddle.run.lock import hold; held = hold(pathlib.Path(sys.argv[1]))"


def held_by_another(folder) -> bool:
    """Whether another process finds the folder locked."""
    result = command("-c", f"{HOLD}; sys.exit(3 if held else 4)", str(folder))
    assert result.returncode in (3, 4), result.stderr
    return result.returncode == 4


def test_one_process_holds_a_folder_at_a_time(tmp_path):
    assert hold(tmp_path)
    assert hold(tmp_path)  # it has it already
    assert held_by_another(tmp_path)
    let_go(tmp_path)
    assert not held_by_another(tmp_path)
    assert list(tmp_path.iterdir()) == []  # each process removes the file of its lock


def test_a_process_that_is_killed_leaves_a_file_that_stops_nobody(tmp_path):
    script = f"{HOLD}; print(held, flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout.readline() == "True\n"
    assert not hold(tmp_path)
    process.kill()
    process.communicate()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]
    assert hold(tmp_path)
    let_go(tmp_path)
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
def test_a_file_system_without_locks_is_used_without(tmp_path, monkeypatch, number):
    def refuse(descriptor, operation):
        raise OSError(number, "no locks here")

    monkeypatch.setattr("fcntl.flock", refuse)
    assert hold(tmp_path)
    let_go(tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b""]  # no mark that would outlive this process
    monkeypatch.undo()
    assert not held_by_another(tmp_path)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_not_locked(tmp_path, monkeypatch, number):
    def refuse(lock):
        raise OSError(number, "nothing is written here")

    monkeypatch.setattr(FileLock, "_acquire", refuse)
    assert hold(tmp_path)
    clear(tmp_path)
    let_go(tmp_path)
    assert list(tmp_path.iterdir()) == []


@linux
def test_a_forked_process_leaves_the_lock_to_its_parent(tmp_path):
    script = f"""
{HOLD}
import os
from multiprocessing import get_context
from saddle.run.lock import let_go_of_all

def child():
    let_go_of_all()

process = get_context("fork").Process(target=child)
process.start()
process.join()
sys.exit(10 * (process.exitcode == 0) + (pathlib.Path(sys.argv[1]) / ".lock").exists())
"""
    assert command("-c", script, str(tmp_path)).returncode == 11


def test_a_folder_that_another_process_has_begun_to_use_is_left_to_it(tmp_path):
    folder = tmp_path / "run"
    occupy(folder)
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "config.yaml").touch()
    (folder / "mine.txt").touch()
    remove_claimed()
    assert sorted(path.name for path in folder.iterdir()) == [".hydra", "mine.txt"]
    assert not held_by_another(folder)


def test_the_folder_that_a_command_line_names_is_made_and_locked_and_goes_again(tmp_path, monkeypatch):
    folder = tmp_path / "it's a run"
    for arguments in (["seed=1"], [f"hydra.run.dir={folder}", "--help"], ["hydra.run.dir=a/${now:%H}"]):
        claim(arguments)
    assert not folder.exists()
    claim([f"hydra.run.dir={quoted(folder)}"])
    assert held_by_another(folder)
    remove_claimed()
    assert not folder.exists()
    folder.mkdir()
    claim([f"hydra.run.dir={folder}"])
    let_go(folder)
    remove_claimed()  # it had been there before
    assert folder.exists()
