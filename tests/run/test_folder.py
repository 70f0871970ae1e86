import json
import math
from pathlib import Path

from saddle.run.folder import ERROR, clear, last_checkpoint, objective_value, run_of, state_of


def test_what_training_left_is_cleared_and_settings_stay(tmp_path):
    for name in ("checkpoints", "samples", ".hydra"):
        (tmp_path / name).mkdir()
    (tmp_path / "metrics.csv").touch()
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".hydra"]


def test_a_runs_folder_is_that_of_its_checkpoint_also_behind_a_link(tmp_path, monkeypatch):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    (tmp_path / "elsewhere.ckpt").touch()
    last.symlink_to(tmp_path / "elsewhere.ckpt")  # somebody made room
    (tmp_path / "run" / "checkpoints" / "8.ckpt").touch()
    link = tmp_path / "link.ckpt"
    link.symlink_to(tmp_path / "run" / "checkpoints" / "8.ckpt")
    assert run_of(tmp_path / "run") == run_of(last) == run_of(link) == tmp_path / "run"
    monkeypatch.chdir(last.parent)
    assert run_of(Path("last.ckpt")) == tmp_path / "run"


def test_states_come_from_the_folder_alone(tmp_path):
    job = tmp_path / "0"
    assert state_of(job) == ("missing", "not begun")
    job.mkdir()
    assert state_of(job) == ("interrupted", "killed or still running, no checkpoint yet")
    (job / "checkpoints").mkdir()
    (job / "checkpoints" / "best.ckpt").touch()
    assert last_checkpoint(job) is None
    (job / "checkpoints" / "00000200.ckpt").touch()
    assert last_checkpoint(job).name == "00000200.ckpt"
    (job / "checkpoints" / "last.ckpt").touch()
    assert last_checkpoint(job).name == "last.ckpt"
    assert state_of(job) == ("interrupted", "killed or still running")
    (job / "summary.json").write_text(json.dumps({"finished": False, "iterations": 7}))
    assert state_of(job) == ("interrupted", "stopped at iteration 7")
    (job / "summary.json").write_text(json.dumps({"finished": True, "iterations": 9}))
    assert state_of(job) == ("finished", "")
    (job / ERROR).write_text("Traceback (most recent call last):\n  ...\nOSError: full\n")
    assert state_of(job) == ("failed", "OSError: full")


def test_the_metric_is_read_from_the_summary(tmp_path, capsys):
    assert objective_value("a", tmp_path) is None
    (tmp_path / "summary.json").write_text(json.dumps({"metrics": {"a": 2, "b": None}}))
    assert objective_value("a", tmp_path) == 2.0
    assert objective_value("b", tmp_path) == math.inf
    assert objective_value(None, tmp_path) is None
    assert capsys.readouterr().err == ""
    assert objective_value("c", tmp_path) is None
    assert capsys.readouterr().err == ""  # a sweep says it
