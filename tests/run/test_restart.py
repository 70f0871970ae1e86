import os
import signal
import sys
from pathlib import Path

import pytest

from helpers import REPOSITORY, SMALL, checkpoint, train
from processes import alive, children_of, ended, sentences, started, wait_for
from saddle.config.command_line import CommandLine
from saddle.error import InputError
from saddle.run import restart
from systems import require_linux

require_linux()

RECORD = """
import os, pathlib, signal, sys, time
run = pathlib.Path({run!r})
with open({log!r}, "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
starts = len(open({log!r}).readlines())
"""


def keep(*arguments: str) -> int:
    return restart.keep(CommandLine.parse(arguments))


@pytest.fixture
def instead(tmp_path, monkeypatch):
    """Have a few lines run in the place of training; what it was started with is returned afterwards."""

    def use(lines: str):
        script, log = tmp_path / "train.py", tmp_path / "log"
        script.write_text(RECORD.format(run=str(tmp_path / "run"), log=str(log)) + lines)
        monkeypatch.setattr(restart, "_COMMAND", [sys.executable, str(script)])
        return lambda: log.read_text().splitlines()

    return use


def checkpointed(run: Path) -> None:
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / "last.ckpt").touch()


@pytest.mark.parametrize("code", [0, 1, 2, 130, 143, 138])
def test_what_ends_by_itself_or_was_told_to_is_not_started_again(tmp_path, instead, code):
    starts = instead(f"sys.exit({code})")
    assert keep(f"keep={tmp_path / 'run'}", "seed=1") == code
    assert starts() == [f"hydra.run.dir='{tmp_path / 'run'}' seed=1"]


def test_what_was_killed_goes_on_from_its_checkpoint(tmp_path, instead, capsys):
    starts = instead("""
if starts == 2:
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / "last.ckpt").touch()
if starts < 4:
    os.kill(os.getpid(), signal.SIGKILL)
""")
    run = tmp_path / "run"
    assert keep(f"keep={run}") == 0
    assert starts() == [f"hydra.run.dir='{run}'"] * 2 + [f"resume='{run}'"] * 2
    assert sentences(capsys.readouterr().err) == [f"keep={run}: training was killed by SIGKILL; starting it again"] * 3


def test_three_starts_that_brought_no_checkpoint_are_enough(tmp_path, instead, capsys):
    checkpointed(tmp_path / "run")
    starts = instead("os.kill(os.getpid(), signal.SIGSEGV)")
    assert keep(f"keep={tmp_path / 'run'}") == 139
    assert len(starts()) == 3
    assert capsys.readouterr().err.endswith("killed by SIGSEGV 3 times without a new checkpoint: given up\n")


def test_killed_after_its_summary_it_is_done(tmp_path, instead):
    checkpointed(tmp_path / "run")
    (tmp_path / "run" / "summary.json").write_text('{"finished": true}')  # of an earlier end
    starts = instead("""
if starts == 2:
    (run / "new").write_text('{"finished": true}')
    (run / "new").replace(run / "summary.json")
os.kill(os.getpid(), signal.SIGKILL)
""")
    assert keep(f"keep={tmp_path / 'run'}") == 0
    assert len(starts()) == 2


def test_the_rest_of_a_beginning_is_removed_but_nothing_of_another_kind(tmp_path, instead):
    run = tmp_path / "run"
    for name in ("samples", ".hydra", "mine"):
        (run / name).mkdir(parents=True)
    (run / "metrics.csv").write_text("iteration\n5\n")
    instead("sys.exit(0)")
    keep(f"keep={run}")
    assert sorted(path.name for path in run.iterdir()) == [".hydra", "mine"]
    (run / "samples").mkdir()
    (run / ".hydra").rmdir()  # so it is no run's
    keep(f"keep={run}")
    assert sorted(path.name for path in run.iterdir()) == ["mine", "samples"]


@pytest.mark.parametrize("argument", ["-m", "--multirun", "--help", "resume=x", "hydra.run.dir=x"])
def test_what_does_not_go_with_it_is_refused(tmp_path, argument):
    with pytest.raises(InputError, match="does not go with keep="):
        keep(f"keep={tmp_path}", argument)
    with pytest.raises(InputError, match="name the folder of a run"):
        keep("keep=")


def test_a_word_to_end_is_passed_on_and_kept(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(f"""
import sys
sys.path.insert(0, {str(REPOSITORY / "src")!r})
if any(text.startswith("keep=") for text in sys.argv):
    from saddle.config.command_line import CommandLine
    from saddle.run import restart
    restart._COMMAND = [sys.executable, __file__]
    sys.exit(restart.keep(CommandLine.parse(sys.argv[1:])))
import pathlib, signal, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
pathlib.Path({str(tmp_path / "begun")!r}).touch()
time.sleep(100)
""")
    process = started(f"keep={tmp_path / 'run'}", script=script)
    wait_for(process, tmp_path / "begun")
    process.terminate()
    assert ended(process) == ""
    assert process.returncode == 143


@pytest.mark.slow
def test_a_run_that_is_killed_ends_as_if_it_had_not_been(tmp_path):
    run = tmp_path / "run"
    process = started(*SMALL, f"keep={run}", "trainer.max_steps=300", "checkpoints.every_images=1000")
    wait_for(process, run / "checkpoints" / "last.ckpt")
    os.kill(children_of(process)[0], signal.SIGKILL)  # benchmarks/soak.py does it for an hour
    lines = sentences(ended(process, 300))
    assert process.returncode == 0, lines
    assert lines == [f"keep={run}: training was killed by SIGKILL; starting it again"]
    assert checkpoint(run)["global_step"] == 300
    assert alive(process.pid) == []
    assert train(f"keep={run}", "trainer.max_steps=300").returncode == 2
