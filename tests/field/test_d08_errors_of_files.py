"""An error of the file system is one sentence with the file and the mend, wherever it comes."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from helpers import SMALL, command, train
from processes import ended, started, wait_for
from saddle.cli.tools import run_tool
from saddle.file import failure_of, remedy_of

LONG = [*SMALL, "trainer.max_steps=-1", "callback.quality.extractor=none", "checkpoints.every_images=100"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows does not move what is open")
def test_a_run_that_is_moved_while_it_trains(tmp_path):
    process = started(*LONG, "hydra.run.dir=run", cwd=tmp_path)
    wait_for(process, tmp_path / "run" / "checkpoints" / "last.ckpt")
    (tmp_path / "run").rename(tmp_path / "other")
    errors = ended(process)
    last = errors.splitlines()[-1]
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert last.startswith("training failed: run/")
    assert last.endswith("train.py resume=FOLDER goes on with it from its new place")
    assert not (tmp_path / "run").exists()
    again = train("resume=other", "trainer.max_time=00:00:00:01", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("overrides", "file"),
    [
        ([], "outputs/"),
        (["-m", "seed=1,2"], "outputs/multirun/"),
        (["hydra.run.dir=outputs/x"], "outputs"),
        (["-m", "seed=1,2", "hydra.sweep.dir=outputs/x"], "outputs/x"),
        (["folder=outputs/x", "hydra.run.dir=there"], "outputs"),
        ([f"hydra.run.dir={'x' * 300}"], "x" * 300),
    ],
)
def test_a_folder_that_cannot_be_made(tmp_path, overrides, file):
    (tmp_path / "outputs").write_text("no folder")
    result = train(*SMALL, "trainer.max_steps=1", *overrides, cwd=tmp_path)
    [sentence] = result.stderr.splitlines()
    assert result.returncode == 2
    assert file in sentence
    assert "resolving" not in sentence
    assert "Errno" not in sentence


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove a current folder")
@pytest.mark.parametrize("arguments", [["train", "data=digits"], ["table", "x"], ["film", "x", "--out", "x.gif"]])
def test_a_working_folder_that_is_gone(tmp_path, arguments):
    code = "import os, sys; from pathlib import Path; Path('gone').mkdir(); os.chdir('gone'); os.rmdir('../gone')"
    code += "; sys.argv[1:] = sys.argv[1:]; from saddle.cli import main; sys.exit(main())"
    result = command("-c", code, *arguments, cwd=tmp_path)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr


def test_a_tool_reports_an_error_of_a_file(tmp_path, capsys, monkeypatch):
    def fail(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / "multirun.yaml"))

    monkeypatch.setattr("saddle.sweep.table.show", fail)
    assert run_tool(["table", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said == f"{tmp_path / 'multirun.yaml'}: Permission denied: give this user access to it\n"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EROFS, "make it writable"),
        (errno.EACCES, "give this user access to it"),
        (errno.ENOENT, "was moved or removed"),
        (errno.EMFILE, "allow more open files"),
        (errno.ENAMETOOLONG, "choose a shorter name"),
        (errno.EIO, "see whether the disk or the network share works"),
        (errno.EEXIST, "something else is there"),
        (errno.EINVAL, "mend that"),
    ],
)
def test_every_error_has_a_remedy(number, remedy):
    assert remedy in remedy_of(OSError(number, os.strerror(number)))


def test_the_name_of_a_file_that_was_being_written_is_its_own(tmp_path):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / f".metrics.csv.{os.getpid()}"))
    assert failure_of(error) == f"{tmp_path / 'metrics.csv'}: No space left on device: make room"
    assert failure_of(shutil.SameFileError("a and b")) == "a and b: mend that, and give the same command again"
    assert Path(failure_of(OSError(errno.EIO, "x", b"b\xff")).split(":")[0]).name.startswith("b")
