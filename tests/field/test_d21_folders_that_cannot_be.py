"""D21: what a folder of pictures cannot give (labels, a distribution, channels) is refused before training."""

import os

import pytest
from PIL import Image

from folders import data_of, gray_images, spoil
from helpers import SMALL, train
from saddle.cli.tools import run_tool
from saddle.error import InputError
from saddle.metric.classifier import Classifier
from saddle.metric.classifier_extractor import Card
from saddle.metric.extractor_file import save_extractor
from systems import posix


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Twelve pictures, one picture, a classifier of color images, and a run on the twelve."""
    place = tmp_path_factory.mktemp("place")
    gray_images(place / "own")
    (place / "one").mkdir()
    Image.new("L", (8, 8)).save(place / "one" / "1.png")
    card = Card("imagefolder", 3, 8, 2, epochs=1, seed=0, trained=2, tested=1, accuracy=0.5, command="none")
    save_extractor(place / "color.safetensors", Classifier(3, 8, 2), card)
    result = train(*SMALL, *data("own"), "trainer.max_steps=1", "hydra.run.dir=run", cwd=place)
    assert result.returncode == 0, result.stderr
    return place


def data(folder: str) -> list[str]:
    return ["data=image_folder", f"data.root={folder}", "data.image_size=8", "data.channels=1", "data.batch_size=2"]


EXTRACTOR = "callback.quality.extractor=color.safetensors"


@pytest.mark.parametrize(
    ("folder", "override", "setting"),
    [
        ("own", "architecture.conditional=true", "architecture.conditional=True needs labels"),
        ("own", "game=auxiliary_classifier", "game: "),
        ("own", EXTRACTOR, EXTRACTOR),
        ("own", "data.limit=1", "data.limit=1"),
        ("one", "seed=1", "data.root=one"),
        ("one", "data.batch_size=1", "data.root=one"),
    ],
)
def test_training_is_refused_in_one_sentence(place, folder, override, setting):
    result = train(*SMALL, *data(folder), override, "hydra.run.dir=new", cwd=place)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert result.stderr.startswith(setting)
    assert not (place / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        (["sample", "run", "--label", "cats", "--out", "x.png"], "--label cats: "),
        (["sample", "run", "--label", "0", "--out", "x.png"], "--label 0: "),
        (["evaluate", "run", "--extractor", "color.safetensors"], "--extractor color.safetensors: "),
        (["extractor", *data("own"), "--out", "x.safetensors"], "data=image_folder data.root=own "),
        (["extractor", *data("one"), "--out", "x.safetensors"], "data.root=one: "),
    ],
)
def test_tools_refuse_it_in_one_sentence(place, monkeypatch, capsys, arguments, setting):
    monkeypatch.chdir(place)
    assert run_tool(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(setting)
    assert len(said.splitlines()) == 1


def test_pictures_that_cannot_be_read_do_not_count(tmp_path):
    root = tmp_path / "own"
    (root / "a").mkdir(parents=True)
    Image.new("L", (8, 8)).save(root / "a" / "1.png")
    spoil(root, "a/2.png", "a/3.png")
    with pytest.raises(InputError, match=r"data\.root=.*own: .* at least 2 training images, and there is 1"):
        data_of(root, batch_size=1).prepare_data()


@posix
def test_a_pipe_beside_the_classes_does_not_hang(tmp_path):
    root = gray_images(tmp_path / "own")
    os.mkfifo(root / "pipe.png")
    with pytest.raises(InputError, match=r"data\.classes=2, but pipe\.png in .* lie outside"):
        data_of(root, classes=2)
