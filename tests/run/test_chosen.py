"""A run says what was chosen for it, and goes on with that, whatever its folder or the rules have become."""

import numpy as np
import pytest
from PIL import Image

import saddle
from helpers import checkpoint
from saddle.config import fitting

SMALL = ["experiment=pictures", "data.root=pictures", "data.image_size=[8,12]", "data.cache=cache", "trainer=cpu"]
SMALL += ["architecture.generator.widths=4", "architecture.discriminator.widths=4", "data.batch_size=8"]
SMALL += ["logger=none", "objective=null", "callback.quality.extractor=none", "trainer.max_steps=2", "folder=run"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with 40 pictures."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    for number in range(40):
        pixels = np.random.default_rng(number).integers(0, 255, (12, 18, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{number}.png")
    return tmp_path


def test_a_run_says_what_was_chosen_and_by_what(place, capfd):
    saddle.train(SMALL)
    said = capfd.readouterr().err
    assert "chosen for 40 image files, read as pictures of 8x12 pixels, 3 channels, no classes, on CPU" in said
    assert "augmentation.diffaugment.color=True " in said
    assert "data.batch_size" not in said  # it was given
    assert "for a first look" not in said  # the run is as short


def test_a_run_goes_on_with_what_was_chosen(place, capfd, monkeypatch):
    with monkeypatch.context() as rules:
        rules.setattr(fitting, "FEW", 10)
        saddle.train(SMALL)
    capfd.readouterr()
    saddle.train(["resume=run", "trainer.max_steps=4"])
    assert "chosen for" not in capfd.readouterr().err
    saved = checkpoint(place / "run")
    assert saved["global_step"] >= 4
    record = saved["saddle"]["record"]
    assert record["augmentation"]["diffaugment"]["color"] is False
    assert record["training"]["schedule"]["generator"]["horizon_images"] == 16


def test_a_plain_run_has_no_table(place, capfd):
    plain = [text for text in SMALL if not text.startswith("experiment")]
    saddle.train([*plain, "data=image_folder"])
    assert "chosen for" not in capfd.readouterr().err
