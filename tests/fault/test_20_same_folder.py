"""Fault 20: two runs in the same second or folder, or a rerun in a folder that holds a run: nothing is mixed."""

import signal

import pytest

from helpers import SMALL, checkpoint, train
from processes import ended, sentences, started, wait_for
from systems import linux

SHORT, LONG = [*SMALL, "trainer.max_steps=2"], [*SMALL, "trainer.max_steps=-1", "checkpoints.every_images=500"]


@linux
@pytest.mark.slow
def test_two_runs_of_the_same_second_get_a_folder_each(tmp_path):
    same = "hydra.run.dir=${saddle.unique:outputs/12-00-00}"
    both = [started(*SHORT, f"seed={seed}", same, cwd=tmp_path) for seed in (1, 2)]
    assert [(ended(process, 200), process.returncode)[1] for process in both] == [0, 0]
    folders = [tmp_path / "outputs" / name for name in ("12-00-00", "12-00-00-2")]
    assert sorted((tmp_path / "outputs").glob("12*")) == folders
    seeds = [checkpoint(folder)["saddle"]["record"]["seed"] for folder in folders]
    assert sorted(seeds) == [1, 2]
    for folder, seed in zip(folders, seeds, strict=True):
        assert f"seed={seed}" in (folder / ".hydra" / "overrides.yaml").read_text()


@linux
def test_of_two_runs_that_begin_in_one_folder_at_once_one_is_refused_before_it_writes(tmp_path):
    folder = tmp_path / "run"
    both = [started(*SHORT, f"seed={seed}", f"hydra.run.dir={folder}") for seed in (1, 2)]
    errors = [ended(process, 200) for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 2]
    refused = codes.index(2)
    assert errors[refused] == f"{folder}: another process trains there; wait for it or end it first\n"
    assert f"seed={2 - refused}" in (folder / ".hydra" / "overrides.yaml").read_text()
    assert checkpoint(folder)["saddle"]["record"]["seed"] == 2 - refused


@pytest.mark.slow
@linux
def test_a_run_that_is_there_is_left_alone_whether_it_goes_on_or_has_ended(tmp_path):
    folder = tmp_path / "run"
    process = started(*LONG, f"hydra.run.dir={folder}")
    wait_for(process, folder / "checkpoints" / "last.ckpt")
    settings = (folder / ".hydra" / "overrides.yaml").read_bytes()
    for second in ([*SHORT, f"hydra.run.dir={folder}"], [f"resume={folder}"], [f"keep={folder}", *LONG]):
        result = train(*second)
        assert result.returncode == 2
        [line] = sentences(result.stderr)
        assert "holds a run already" in line or line.startswith(f"{folder}: another process trains there;")
    process.send_signal(signal.SIGTERM)
    ended(process)
    assert process.returncode == 143
    assert (folder / ".hydra" / "overrides.yaml").read_bytes() == settings
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = train(*SHORT, f"hydra.run.dir={folder}")
    assert result.returncode == 2
    assert f"holds a run already (checkpoints): use resume={folder}" in result.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
