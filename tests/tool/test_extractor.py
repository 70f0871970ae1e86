import json

import pytest

from saddle.cli.tools import run_tool
from saddle.data.robots import Robots
from saddle.metric.extractor_file import load_extractor


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
    assert f"{100 * card['accuracy']:.2f} % of 180 test images" in capsys.readouterr().out
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
    assert "of 30 test images" in capsys.readouterr().out
    assert load_extractor(out).card.sha256 == card["sha256"]
    assert train(tmp_path / "few.safetensors", "data=robots", "data.size=100") == 2
    assert "at least 128 images, got 100" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data=nothing"], "data=nothing: there is no such option"),
        (["data.image_siz=3"], "did you mean data.image_size?"),
        (["data=image_folder", "data.root=docs"], "data.classes=0: a classifier needs labels"),
        (["data=digits", "data.limit=100"], "at least 128 labeled images, got 90"),
        (["data=digits", "data.image_size=5"], "image_size=5 is too small"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(tmp_path, capsys, arguments, message):
    assert train(tmp_path / "x.safetensors", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "x.safetensors").exists()


def test_another_kind_of_file_is_refused(tmp_path, capsys):
    assert train(tmp_path / "x.pt", "data=digits") == 2
    assert "ends in .safetensors" in capsys.readouterr().err
