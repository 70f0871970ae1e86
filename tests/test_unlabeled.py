"""From a folder of pictures without labels to metrics: an extractor is trained, and runs are measured by it."""

import csv
import json

import pytest

import saddle
from folders import noisy
from saddle.cli.tools import run_tool
from saddle.error import InputError
from saddle.training.checkpoint import read_checkpoint

DATA = ["data=image_folder", "data.root=pictures", "data.image_size=[8,12]", "data.cache=cache"]
RUN = [*DATA, "architecture=mlp", "loss=hinge", "penalty=r1", "data.batch_size=10", "trainer=cpu", "logger=none"]
RUN += ["callback.quality.num=60", "callback.quality.every_images=20", "callback.quality.cache=cache"]
MEASURED = ["callback.quality.extractor=own.safetensors"]
OF_FEATURES = {"metric/frechet", "metric/kernel"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with 90 noisy color pictures, and the extractor trained on them."""
    place = tmp_path_factory.mktemp("place")
    (place / "pictures").mkdir()
    for number in range(90):
        (place / "pictures" / f"{number}.png").touch()
    noisy(place / "pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run_tool(["extractor", *DATA, "--steps", "3", "--out", "own.safetensors"]) == 0
    return place


def measured_at(folder) -> dict[int, str]:
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        return {int(row["iteration"]): row["metric/frechet"] for row in csv.DictReader(file) if row["metric/frechet"]}


def test_a_run_is_measured_goes_on_and_is_evaluated(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    run = saddle.train([*RUN, *MEASURED, "trainer.max_steps=4", "folder=run"])
    assert "no metrics" not in capsys.readouterr().err
    summary = json.loads((place / "run" / "summary.json").read_text(encoding="utf-8"))
    assert {name for name in summary["metrics"] if name.startswith("metric/")} == OF_FEATURES
    assert summary["stamp"]["extractor"].startswith("imagefolder-")
    before = measured_at(place / "run")
    assert list(before) == [2, 4]
    assert read_checkpoint(place / "run" / "checkpoints" / "best.ckpt")["callbacks"]["Quality"]["best"] == min(
        map(float, before.values())
    )
    saddle.train(["resume=run", "trainer.max_steps=6"])
    after = measured_at(place / "run")
    assert list(after) == [2, 4, 6]
    assert after.items() > before.items()
    found = run.evaluate(num=60, extractor="own.safetensors").samples
    assert {"frechet", "kernel", "precision", "recall", "density", "coverage"} <= found.keys()
    assert not {"histogram", "score", "modes", "entropy", "confident"} & found.keys()


def test_a_run_without_an_extractor_says_once_how_to_get_one(place, monkeypatch, capfd):
    monkeypatch.chdir(place)
    saddle.train([*RUN, "trainer.max_steps=2", "folder=unmeasured"])
    said = capfd.readouterr().err
    assert said.count("saddle extractor data=image_folder ") == 1
    assert " --out extractor.safetensors" in said
    assert "callback.quality.extractor=extractor.safetensors" in said
    for setting in ("callback.quality.extractor=none", *MEASURED):
        saddle.train([*RUN, setting, "trainer.max_steps=2", f"folder={setting[-4:]}"])
        assert "saddle extractor" not in capfd.readouterr().err


@pytest.mark.parametrize("other", ["data.image_size=12", "data.channels=1"])
def test_pictures_of_another_form_are_refused_before_training(place, monkeypatch, other):
    monkeypatch.chdir(place)
    with pytest.raises(InputError, match=r"callback\.quality\.extractor=own\.safetensors: "):
        saddle.train([*RUN, *MEASURED, other, "trainer.max_steps=2", "folder=refused"])
    assert not (place / "refused").exists()
