"""What would be code is refused in tests/fault/test_11_malicious_target.py."""

import shutil

import pytest

from helpers import REPOSITORY, SMALL, checkpoint, differences, train
from saddle.config.command_line import CommandLine
from saddle.config.outside import check_command
from saddle.error import InputError

EXPERIMENT = """# @package _global_
defaults:
  - override /loss: soft
seed: 5
"""
LOSS = "_target_: saddle.loss.non_saturating.NonSaturating\nlabel_smoothing: 0.1\n"
QUICK = [*SMALL, "callback.quality.extractor=none", "objective=null"]


@pytest.fixture
def conf(tmp_path):
    """A folder with an experiment and a loss of somebody's own."""
    for name, content in (("experiment/own", EXPERIMENT), ("loss/soft", LOSS)):
        file = tmp_path / "own files" / f"{name}.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(content)
    return tmp_path / "own files"


def check(*arguments: str) -> None:
    check_command(CommandLine.parse(arguments))


def test_a_folder_that_is_missing_broken_or_hidden_behind_saddles_own_is_refused(conf):
    check("--config-dir", str(conf))
    check(f"hydra.searchpath=[file://{conf}]", "seed=1")
    check("hydra.searchpath=[pkg://saddle.loss]")
    with pytest.raises(InputError, match="there is no such folder"):
        check("--config-dir=nowhere")
    with pytest.raises(InputError, match=r"hydra\.searchpath: file://nowhere: there is no such folder"):
        check("hydra.searchpath=[file://nowhere]")
    with pytest.raises(InputError, match=r"hydra\.searchpath: the package theirs.conf is not installed"):
        check("hydra.searchpath=[pkg://theirs.conf]")
    (conf / "loss" / "hinge.yaml").write_text(LOSS)
    for arguments in (["--config-dir", str(conf)], [f"hydra.searchpath=[{conf}]"]):
        with pytest.raises(InputError, match=r"and saddle both have a config file loss/hinge\.yaml: rename one"):
            check(*arguments)
    shutil.copy(REPOSITORY / "conf" / "loss" / "hinge.yaml", conf / "loss")
    check("--config-dir", str(conf))
    (conf / "loss" / "other.yaml").write_text("a: 1\n---\nb: 2\n")  # not chosen, so not read
    check("--config-dir", str(conf))


@pytest.mark.slow
def test_a_run_of_own_files_goes_on_without_them_is_kept_and_swept(conf, tmp_path):
    flags = [f"--config-dir={conf}", "experiment=own"]
    outcome = train("seed=6", *flags[:1], *QUICK, flags[1], "trainer.max_steps=4", "hydra.run.dir=run", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    train(*QUICK, *flags, "seed=6", "trainer.max_steps=8", "hydra.run.dir=straight", cwd=tmp_path)
    assert train(*QUICK, *flags, "keep=kept", "trainer.max_steps=4", cwd=tmp_path).returncode == 0
    sweep = ["-m", *QUICK, "trainer.max_steps=2", "loss=soft,hinge", "hydra.sweep.dir=sweep"]
    assert train(*sweep, *flags[:1], cwd=tmp_path).returncode == 0
    shutil.rmtree(tmp_path / "sweep" / "1_loss=hinge")
    again = train("resume=sweep", cwd=tmp_path)
    assert (again.returncode, "begun with --config-dir: give that again" in again.stderr) == (2, True), again.stderr
    assert "2 of 2 jobs finished" in train(*flags[:1], "resume=sweep", cwd=tmp_path).stdout
    moved = conf.rename(tmp_path / "moved")
    assert train("resume=run", "trainer.max_steps=6", cwd=tmp_path).returncode == 0
    repeated = train(
        "resume=run", *QUICK, f"--config-dir={moved}", "experiment=own", "trainer.max_steps=8", cwd=tmp_path
    )
    assert repeated.returncode == 0, repeated.stderr
    assert (
        differences(checkpoint(tmp_path / "run")["state_dict"], checkpoint(tmp_path / "straight")["state_dict"]) == []
    )
    kept = train(*QUICK, "experiment=own", "keep=kept", f"--config-dir={moved}", "trainer.max_steps=6", cwd=tmp_path)
    assert kept.returncode == 0, kept.stderr
    assert checkpoint(tmp_path / "kept")["global_step"] == 6


def test_a_search_path_on_the_command_line_is_given_again_for_a_sweep(conf, tmp_path):
    path = f"hydra.searchpath=[file://{conf}]"
    sweep = ["-m", *QUICK, "trainer.max_steps=1", "loss=soft,hinge", "hydra.sweep.dir=sweep", path]
    outcome = train(*sweep, cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert "give that again" in train("resume=sweep", cwd=tmp_path).stderr
    assert "2 of 2 jobs finished" in train("resume=sweep", path, cwd=tmp_path).stdout
