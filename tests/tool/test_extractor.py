import json
import re

import pytest
from PIL import Image

from folders import gray_images, noisy
from saddle.cli.tools import run_tool
from saddle.data.robots import Robots
from saddle.metric.contrastive_extractor import ContrastiveExtractor
from saddle.metric.extractor_file import load_extractor


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of 90 noisy color pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(90):
        (folder / f"{index}.png").touch()
    noisy(folder)
    return folder


def train(out, *arguments: str) -> int:
    return run_tool(["extractor", *arguments, "--out", str(out)])


def test_a_classifier_is_trained_with_a_card_that_tells_how(tmp_path, capsys):
    out = tmp_path / "new" / "digits.safetensors"
    assert train(out, "data=digits", "data.image_size=16", "--epochs", "2", "--seed", "3") == 0
    card = json.loads(out.with_suffix(".json").read_text())
    assert (card["data"], card["image_size"], card["classes"], card["seed"]) == ("digits", 16, 10, 3)
    assert (card["trained"], card["tested"]) == (1617, 180)
    assert 0.5 < card["accuracy"] <= 1.0
    command = "saddle extractor data=digits data.image_size=16 --epochs 2 --seed 3 --out digits.safetensors"
    assert card["command"] == command
    assert card["class_names"] == [str(digit) for digit in range(10)]
    said = capsys.readouterr().out
    assert f"{100 * card['accuracy']:.2f} % of 180 test images read rightly" in said
    assert re.search(r"\(1\d\.\d\d % are of the commonest class\)", said)  # of ten classes in near equal shares
    assert load_extractor(out).card.sha256 == card["sha256"]
    assert train(out, "data=digits") == 2
    assert "choose another name" in capsys.readouterr().err


def test_a_reader_of_factors_is_trained_with_a_card_that_tells_its_errors(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Robots, "test_size", 30)
    out = tmp_path / "robots.safetensors"
    assert train(out, "data=robots", "data.size=130", "data.image_size=16", "--epochs", "1") == 0
    card = json.loads(out.with_suffix(".json").read_text())
    assert (card["data"], card["options"], card["mode_factors"], card["drawn"], card["tested"]) == (
        "robots",
        10,
        3,
        130,
        30,
    )
    assert list(card["errors"]) == card["factors"]
    assert card["command"].endswith("data.size=130 data.image_size=16 --epochs 1 --seed 0 --out robots.safetensors")
    assert "of 30 test images read rightly in the hardest factor" in capsys.readouterr().out
    assert load_extractor(out).card.sha256 == card["sha256"]
    assert train(tmp_path / "few.safetensors", "data=robots", "data.size=100") == 2
    assert "at least 128 images, got 100" in capsys.readouterr().err


def test_data_without_labels_is_learned_from_itself(pictures, tmp_path, capsys):
    out = tmp_path / "own.safetensors"
    settings = ["data=image_folder", f"data.root={pictures}", "data.image_size=[8,12]", "data.flip=true"]
    assert train(out, *settings, "--steps", "25", "--seed", "3") == 0
    card = json.loads(out.with_suffix(".json").read_text())
    assert (card["data"], card["channels"], card["image_size"]) == ("imagefolder", 3, [8, 12])
    assert (card["trained"], card["tested"], card["steps"], card["seed"], card["flip"]) == (81, 9, 25, 3, True)
    assert card["command"].endswith("data.flip=true --steps 25 --seed 3 --out own.safetensors")
    said = capsys.readouterr().out
    assert "step 2 of 25: loss " in said
    assert "step 25 of 25: loss " in said
    assert (
        f"{100 * card['recognized']:.0f} % of 9 test images recognized after random changes (by chance 11.1 %)" in said
    )
    assert load_extractor(out).card.sha256 == card["sha256"]
    again = tmp_path / "again.safetensors"
    assert train(again, *settings, "--steps", "25", "--seed", "3") == 0
    assert again.read_bytes() == out.read_bytes()
    other = tmp_path / "other.safetensors"
    assert train(other, *settings[:-1], "--steps", "25", "--seed", "3") == 0
    assert other.read_bytes() != out.read_bytes()


def test_alpha_is_learned_on_the_background(pictures, tmp_path):
    for path in list(pictures.glob("*.png"))[:80]:
        with Image.open(path) as image:
            image.putalpha(128)
            image.save(tmp_path / path.name)
    out = tmp_path / "out" / "x.safetensors"
    settings = ["data=image_folder", f"data.root={tmp_path}", "data.image_size=8", "data.channels=4"]
    assert train(out, *settings, "--steps", "1") == 0
    assert load_extractor(out).card.channels == 3


def test_labels_are_ignored_where_steps_are_given(tmp_path):
    out = tmp_path / "x.safetensors"
    assert train(out, "data=digits", "data.image_size=8", "--steps", "1") == 0
    assert isinstance(load_extractor(out), ContrastiveExtractor)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data=nothing"], "data=nothing: there is no such option"),
        (["data.image_siz=3"], "did you mean data.image_size?"),
        (["data=image_folder", "data.root=own", "--epochs", "2"], "--epochs 2: without labels"),
        (["data=image_folder", "data.root=own"], "at least 64 images besides those held out, got 11"),
        (
            ["data=digits", "data.limit=70", "--steps", "2"],
            "at least 64 images besides those held out, got 63",
        ),
        (["data=digits", "data.image_size=5", "--steps", "2"], "image_size=5 is too small"),
        (["data=ring", "architecture=points"], "points are measured without an extractor"),
        (["data=digits", "data.limit=100"], "at least 128 labeled images besides those held out, got 90"),
        (["data=digits", "data.image_size=5"], "image_size=5 is too small"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    gray_images(tmp_path / "own")
    assert train(tmp_path / "x.safetensors", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "x.safetensors").exists()


def test_another_kind_of_file_is_refused(tmp_path, capsys):
    assert train(tmp_path / "x.pt", "data=digits") == 2
    assert "ends in .safetensors" in capsys.readouterr().err
