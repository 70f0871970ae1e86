"""A print that fails (a closed pipe, a full or closed terminal) never decides about a run or a tool."""

import os
import subprocess
import sys

import pytest

from helpers import REPOSITORY, SMALL

RUN = [*SMALL, "trainer.max_steps=2", "callback.quality.extractor=none"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and descriptors of POSIX")


def piped(arguments, folder, stdout, stderr) -> int:
    """The exit code of Python whose output nobody reads."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, stdout=stdout, stderr=stderr, timeout=300
    ).returncode


@pytest.fixture
def broken_pipe():
    """The end of a pipe to write to, whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.slow
def test_a_run_goes_on(tmp_path, broken_pipe):
    arguments = [str(REPOSITORY / "train.py"), *RUN, f"hydra.run.dir={tmp_path / 'run'}"]
    assert piped(arguments, tmp_path, broken_pipe, broken_pipe) == 0
    assert (tmp_path / "run" / "summary.json").is_file()


@pytest.mark.slow
def test_a_run_goes_on_without_any_output(tmp_path):
    close = "import os, sys; os.close(1); os.close(2); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    arguments = ["-c", close, str(REPOSITORY / "train.py"), *RUN, f"hydra.run.dir={tmp_path / 'run'}"]
    assert piped(arguments, tmp_path, None, None) == 0
    assert (tmp_path / "run" / "summary.json").is_file()


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")  # noqa: PTH110
def test_a_run_goes_on_when_its_log_is_full(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        arguments = [str(REPOSITORY / "train.py"), *RUN, f"hydra.run.dir={tmp_path / 'run'}"]
        assert piped(arguments, tmp_path, full, full) == 0
    assert (tmp_path / "run" / "summary.json").is_file()


@pytest.mark.parametrize("flags", [["--help"], ["--info"], ["-sc", "install=bash"]])
def test_what_is_only_shown_ends_quietly(tmp_path, broken_pipe, flags):
    process = [sys.executable, str(REPOSITORY / "train.py"), *flags]
    result = subprocess.run(process, cwd=tmp_path, stdout=broken_pipe, stderr=subprocess.PIPE, timeout=300, check=False)
    assert (result.returncode, result.stderr) == (0, b"")


def test_a_tool_whose_output_is_cut_ends_quietly(tmp_path, broken_pipe):
    process = [sys.executable, "-m", "saddle", "sample", "--help"]
    result = subprocess.run(process, cwd=tmp_path, stdout=broken_pipe, stderr=subprocess.PIPE, timeout=300, check=False)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.slow
def test_a_run_from_python_goes_on(tmp_path, broken_pipe):
    code = f"import saddle; run = saddle.train({[*RUN, 'hydra.run.dir=run']!r}); open('done', 'w').write(repr(run))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=broken_pipe, stderr=subprocess.PIPE, timeout=300, check=False
    )
    assert "Traceback" not in result.stderr.decode()
    assert (tmp_path / "done").is_file()
