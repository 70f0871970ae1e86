import csv
import json
import shutil

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import checkpoint, differences, train, trained
from saddle.cli.resume import check_same, resume_arguments
from saddle.error import InputError

DCGAN = ["architecture=dcgan", "architecture.generator.widths=[8,4]", "architecture.discriminator.widths=[4,8]"]
DCGAN += ["architecture.conditional=true", "trainer.precision=64-true"]
EXTRAS = [
    "game.n_critic=2",
    "loss=hinge",
    "penalty=[gradient_penalty,lecam]",
    "augmentation=ada",
    "augmentation.ada.speed_images=1000",
    "training.accumulate=2",
    "data.batch_size=50",
    "training.schedule.generator.shape=cosine",
    "training.schedule.generator.horizon_images=3000",
    "training.clip_norm.discriminator=1.0",
]
BATCHES_PER_EPOCH = 17  # of the 1,797 digits in batches of 100


@pytest.mark.parametrize("choices", [[], DCGAN, EXTRAS], ids=["mlp", "dcgan", "extras"])
def test_a_resumed_run_is_bitwise_the_uninterrupted_one(tmp_path, choices):
    straight = trained(tmp_path / "straight", *choices, "trainer.max_steps=26")
    trained(tmp_path / "first", *choices, "trainer.max_steps=9")
    for stop in (9, BATCHES_PER_EPOCH):  # inside an epoch and at its last batch
        folder = tmp_path / f"stopped at {stop}"
        shutil.copytree(tmp_path / "first", folder)
        for steps in (26,) if stop == 9 else (stop, 26):
            result = train(f"resume={folder}", f"trainer.max_steps={steps}")
            assert result.returncode == 0, result.stderr
        resumed = checkpoint(folder)
        for content in (straight, resumed):
            content["callbacks"].pop("Summary", None)  # seconds of wall time
        assert differences(straight, resumed) == []
        with (folder / "metrics.csv").open() as file:
            assert [int(row["iteration"]) for row in csv.DictReader(file)][-2:] == [25, 26]


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
    assert [event.step for event in events.Scalars("loss/generator")] == [5, 10, 15, 20]
    assert [event.step for event in events.Images("samples")] == [0, 1, 2, 5, 10, 20]
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
    assert {event.step for event in events.Scalars("metric/frechet")} == {7}


def test_another_checkpoint_or_changed_settings_are_refused(tmp_path):
    trained(tmp_path, "trainer.max_steps=3")
    for change, message in {
        "architecture.generator.hidden=[16]": "architecture.generator.hidden was [256, 256, 256, 128]",
        "data.batch_size=50": "data.batch_size was 100",
        "seed=5": "seed was 0",
    }.items():
        result = train(f"resume={tmp_path}", change)
        assert result.returncode == 2
        assert message in result.stderr
    result = train(f"resume={tmp_path}")
    assert result.returncode == 2
    assert "is at iteration 3 already" in result.stderr
    result = train(f"resume={tmp_path}", f"hydra.run.dir={tmp_path / 'elsewhere'}")
    assert "a resumed run goes on in its own folder" in result.stderr
    shutil.rmtree(tmp_path / "checkpoints")
    assert "expected a run folder with checkpoints/last.ckpt" in train(f"resume={tmp_path}").stderr


def test_arguments_are_the_saved_ones_then_the_new_ones_once(tmp_path):
    folder = tmp_path / "it's a run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "last.ckpt").touch()
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "overrides.yaml").write_text(
        "- data=digits\n- trainer.max_steps=5\n- +optimizer.amsgrad=true\n"
    )
    arguments = resume_arguments([f"resume='{folder}'", "trainer.max_steps=9"])
    assert arguments[:3] == ["data=digits", "+optimizer.amsgrad=true", "trainer.max_steps=9"]
    assert arguments[-1] == "hydra.output_subdir=null"
    assert resume_arguments(arguments) == arguments
    assert resume_arguments(["seed=1", "resume=null"]) == ["seed=1", "resume=null"]


def test_settings_may_not_differ_but_the_place_of_the_data_may(tmp_path):
    saved = {"seed": 0, "data": {"root": "a", "batch_size": 4}, "penalty": {}}
    check_same(saved, {"seed": 0, "data": {"root": "b", "batch_size": 4}, "penalty": {}}, tmp_path)
    with pytest.raises(InputError, match=r"data\.batch_size was 4 .* and is now 8"):
        check_same(saved, {"seed": 0, "data": {"root": "a", "batch_size": 8}, "penalty": {}}, tmp_path)
    with pytest.raises(InputError, match=r"penalty\.r1\.weight was None .* and is now 1"):
        check_same(saved, {"seed": 0, "data": saved["data"], "penalty": {"r1": {"weight": 1}}}, tmp_path)
