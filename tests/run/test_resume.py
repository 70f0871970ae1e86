import csv
import json
import shutil

import pytest
from hydra import compose, initialize_config_dir
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import train, train_afresh, trained
from saddle.config.command_line import CommandLine
from saddle.config.location import config_folder
from saddle.config.override import quoted
from saddle.config.resumed import PRIMARY, RESUMED
from saddle.error import InputError
from saddle.run.resume import begin_or_resume, check_same
from saddle.training.checkpoint_io import AtomicCheckpointIO


def test_curves_and_summary_go_on_from_the_checkpoint(tmp_path):
    folder, last = tmp_path / "run", tmp_path / "run" / "checkpoints" / "last.ckpt"
    trained(folder, "trainer.max_steps=10")
    settings = {path.name: path.read_bytes() for path in (folder / ".hydra").iterdir()}
    shutil.copy(last, tmp_path / "kept.ckpt")
    assert train(f"resume={folder}", "trainer.max_steps=14").returncode == 0
    shutil.copy(tmp_path / "kept.ckpt", last)  # as if the run had been killed at 14, after its last save at 10
    assert train(f"resume={last}", "trainer.max_steps=20").returncode == 0
    with (folder / "metrics.csv").open() as file:
        assert [int(row["iteration"]) for row in csv.DictReader(file)] == [5, 10, 15, 20]
    events = EventAccumulator(str(folder / "tensorboard"), size_guidance={"images": 0}).Reload()
    assert [event.step for event in events.Scalars("3_losses/generator")] == [5, 10, 15, 20]
    assert [event.step for event in events.Images("1_pictures/samples")] == [0, 1, 2, 5, 10, 20]
    assert json.loads((folder / "summary.json").read_text())["iterations"] == 20
    assert {path.name: path.read_bytes() for path in (folder / ".hydra").iterdir()} == settings


def test_a_run_killed_between_its_last_iteration_and_its_summary_is_finished(tmp_path):
    trained(tmp_path, "trainer.max_steps=7", "callback.quality.num=50")
    names = ("summary.json", "metrics.csv", "checkpoints/last.ckpt")
    before = {name: (tmp_path / name).read_bytes() for name in names}
    (tmp_path / "summary.json").unlink()
    assert train(f"resume={tmp_path}").returncode == 0
    assert {name: (tmp_path / name).read_bytes() for name in names} == before
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert {event.step for event in events.Scalars("2_metrics/frechet")} == {7}


def test_what_there_is_no_going_on_with_is_refused(tmp_path):
    trained(tmp_path, "trainer.max_steps=3")
    result = train(f"resume={tmp_path}")
    assert result.returncode == 2
    assert "is at iteration 3 already" in result.stderr
    result = train(f"resume={tmp_path}", f"hydra.run.dir={tmp_path / 'elsewhere'}")
    assert "a resumed run goes on in its own folder" in result.stderr
    shutil.rmtree(tmp_path / "checkpoints")
    assert "expected a run folder with checkpoints/last.ckpt" in train(f"resume={tmp_path}").stderr


def test_what_is_new_is_added_to_the_settings_in_the_runs_folder(tmp_path):
    folder = tmp_path / "it's a run"
    folder.mkdir()
    AtomicCheckpointIO().save_checkpoint({}, folder / "checkpoints" / "last.ckpt")
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "config.yaml").write_text("seed: 3\nfolder: elsewhere\nloss: {_target_: x}\n")
    (folder / ".hydra" / "overrides.yaml").write_text("- data=digits\n- folder=elsewhere\n")
    for resume in (f"resume='{folder}'", f"resume={quoted(folder)}"):
        typed = ["data=digits", resume, "trainer.max_steps=9", "--cfg=job", "trainer=cpu", "--config-name=mine"]
        command, primary = begin_or_resume(CommandLine.parse(typed))
        assert primary == RESUMED
        assert command.flags == ("--cfg=job",)
        assert command.overrides[0] == "trainer.max_steps=9"  # data=digits is in the settings already
        assert set(command.settings) == {
            *("trainer.max_steps", "resume", "folder", "hydra.run.dir", "hydra.output_subdir")
        }
        assert command.settings["folder"] == command.settings["hydra.run.dir"] == str(folder)
    with initialize_config_dir(config_folder(), version_base="1.3"):
        settings = compose(RESUMED, ["folder=x"])
    assert (settings.seed, settings.loss, settings.folder) == (3, {"_target_": "x"}, "x")
    assert settings.trainer.accelerator == "cpu"  # of the group that is chosen anew
    assert settings.checkpoints.keep == 2  # the run does not know this setting: today's default
    unchanged = CommandLine.parse(["seed=1", "resume=null"])
    assert begin_or_resume(unchanged) == (unchanged, PRIMARY)
    (folder / ".hydra" / "overrides.yaml").write_text("- trainer=gpu\n- trainer.max_steps=8\n- data=digits\n")
    for extra in ([], ["trainer.max_steps=8"]):  # repeated or not, a limit outlives a group that is chosen anew
        command, _ = begin_or_resume(CommandLine.parse([resume, "trainer=cpu", "data=digits", *extra]))
        assert command.settings["trainer.max_steps"] == "8"
        assert "data" not in command.settings
    for text in ("game=vae", "experiment=vae"):
        with pytest.raises(InputError, match=f"{text}: a resumed run keeps its {text.split('=')[0]}"):
            begin_or_resume(CommandLine.parse([resume, text]))


def test_settings_may_not_differ_but_the_place_of_the_data_may(tmp_path):
    saved = {"seed": 0, "data": {"root": "a", "batch_size": 4}, "penalty": {}}
    check_same(saved, {"seed": 0, "data": {"root": "b", "batch_size": 4}, "penalty": {}}, tmp_path)
    with pytest.raises(InputError, match=r"data\.batch_size was 4 .* and is now 8"):
        check_same(saved, {"seed": 0, "data": {"root": "a", "batch_size": 8}, "penalty": {}}, tmp_path)
    target = {"_target_": "saddle.penalty.r1.R1", "weight": 1.0}
    old, new = {"penalty": {"r1": target}}, {"penalty": {"r1": {**target, "every_iterations": 1}}}
    check_same(old, new, tmp_path)  # a setting that the class did not have then, at its default
    new["penalty"]["r1"]["every_iterations"] = 2
    with pytest.raises(InputError, match=r"penalty\.r1\.every_iterations was None .* and is now 2"):
        check_same(old, new, tmp_path)
    with pytest.raises(InputError, match=r"penalty\.r1\.weight was None .* and is now 1"):
        check_same(saved, {"seed": 0, "data": saved["data"], "penalty": {"r1": {"weight": 1}}}, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("trainer.max_steps=2", "is at iteration 3 already"),
        ("trainer.devices=2", "the number of processes (trainer.devices x trainer.num_nodes) was 1"),
        ("game.n_critic=2", "game.n_critic was 1"),
    ],
)
def test_what_cannot_go_on_is_refused_without_lightning(tmp_path, override, sentence):
    trained(tmp_path / "run", "trainer.max_steps=3")
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "lightning.py").write_text("raise SystemExit('Lightning was loaded')\n")
    arguments = (f"resume={tmp_path / 'run'}", "trainer.max_steps=9", override)
    result = train_afresh(*arguments, PYTHONPATH=str(tmp_path / "absent"))
    assert (result.returncode, sentence in result.stderr) == (2, True), result.stderr
