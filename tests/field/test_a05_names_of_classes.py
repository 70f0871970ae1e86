"""A5: the names of classes travel from the data into the checkpoint and out of every tool."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import saddle
from folders import data_of
from helpers import SMALL, checkpoint, train, trained
from saddle.cli.tools import run_tool
from saddle.data.digits import Digits
from saddle.data.emnist import Emnist
from saddle.data.fashion_mnist import FashionMnist
from saddle.data.image_folder import natural
from saddle.data.kmnist import Kmnist
from saddle.data.ring import Ring
from saddle.data.stacked_mnist import StackedMnist
from saddle.error import InputError
from saddle.run.argument import class_number
from saddle.training.checkpoint import MARK
from saddle.training.checkpoint_io import AtomicCheckpointIO

NAMES = ["1", "2", "3", "10", "11"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A conditional run on five folders with numbers as names."""
    place = tmp_path_factory.mktemp("numbers")
    for name in NAMES:
        (place / "own" / name).mkdir(parents=True)
        for index in range(2):
            Image.new("L", (8, 8), 20 * int(name) + index).save(place / "own" / name / f"{index}.png")
    settings = ["architecture=mlp", "architecture.conditional=true", "data=image_folder", "data.classes=5"]
    settings += ["data.image_size=8", "data.channels=1", "data.batch_size=4", "trainer.max_steps=2", "trainer=cpu"]
    result = train(*settings, f"data.root={place / 'own'}", f"hydra.run.dir={place / 'run'}")
    assert result.returncode == 0, result.stderr
    (place / "said.txt").write_text(result.stderr, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["11", "10", "3", "2", "1"], NAMES),
        (["class 10", "class 9", "class 1"], ["class 1", "class 9", "class 10"]),
        (["b", "B", "a"], ["B", "a", "b"]),
        (["x1y10", "x1y2", "x", "01", "1"], ["01", "1", "x", "x1y2", "x1y10"]),
    ],
)
def test_numbers_in_names_count_as_numbers(names, expected):
    assert sorted(names, key=natural) == expected


@pytest.mark.parametrize("parts", [["train", "test"], ["Training", "Testing", "val"]])
@pytest.mark.parametrize("classes", [2, 3])
def test_parts_of_a_data_set_are_no_classes(tmp_path, parts, classes):
    for part in parts:
        for name in ("0", "1"):
            (tmp_path / part / name).mkdir(parents=True)
            Image.new("L", (8, 8)).save(tmp_path / part / name / "1.png")
    with pytest.raises(InputError, match="are parts of a data set") as refused:
        data_of(tmp_path, classes=classes)
    _, _, root = str(refused.value).rpartition("data.root=")
    assert data_of(root, classes=2).class_names == ["0", "1"]


def test_labels_of_data_follow_that_order(begun):
    images, labels = data_of(begun / "own", classes=5).training()
    assert {(int(image[0, 0, 0]) // 20, int(label)) for image, label in zip(images, labels, strict=True)} == {
        (1, 0),
        (2, 1),
        (3, 2),
        (10, 3),
        (11, 4),
    }


@pytest.mark.parametrize(("asked", "number"), [("2", 1), ("11", 4), ("10", 3), ("4", 4), ("0", 0)])
def test_a_class_is_asked_for_by_its_name_or_else_by_its_number(begun, tmp_path, capsys, asked, number):
    run = saddle.open_run(begun / "run")
    assert run.class_names == NAMES
    out = tmp_path / "x.npz"
    assert (
        run_tool(["sample", str(begun / "run"), "--label", asked, "--num", "3", "--format", "npz", "--out", str(out)])
        == 0
    )
    said = capsys.readouterr().out
    assert f"class {NAMES[number]} (number {number}) in {out}" in said
    found = np.load(out)
    assert found["labels"].tolist() == [number] * 3
    assert found["class_names"].tolist() == NAMES
    assert torch.equal(run.sample(3, labels=asked), run.sample(3, labels=number))


def test_a_name_may_be_given_in_other_small_and_capital_letters_if_no_two_are_alike():
    letters = ["a", "A", "Boot", "1"]
    run = SimpleNamespace(classes=4, class_names=letters, reads="latent", checkpoint="last.ckpt")
    assert [class_number(run, label) for label in ("a", "A", "boot", "BOOT", "1", "0")] == [0, 1, 2, 2, 3, 0]
    run.class_names = ["Cat", "CAT", "dog", "bird"]
    for label in ("cat", "4", "-1", "birds"):
        with pytest.raises(InputError, match=f"labels={label}: last.ckpt knows the classes Cat, CAT, dog, bird"):
            class_number(run, label)


def test_a_part_of_a_name_is_enough_where_one_class_alone_has_it():
    run = SimpleNamespace(classes=3, class_names=["1 things", "2 Faces", "10 flags"], reads="latent", checkpoint="last")
    assert [class_number(run, label) for label in ("flags", "faces", "1")] == [2, 1, 1]
    for label in ("s", "10", ""):
        with pytest.raises(InputError, match=f"^labels={label}: "):
            class_number(run, label)


def test_several_classes_are_asked_for_in_turn_and_stand_in_rows(begun, tmp_path, capsys):
    asked = ["sample", str(begun / "run"), "--labels", "10", "--label", "2", "--num", "6", "--out"]
    assert run_tool([*asked, str(tmp_path / "two.npz")]) == 0
    assert "classes 10 (number 3), 2 (number 1) in" in capsys.readouterr().out
    found = np.load(tmp_path / "two.npz")
    assert found["labels"].tolist() == [3, 1, 3, 1, 3, 1]
    assert run_tool([*asked, str(tmp_path / "two.png"), "--scale", "1"]) == 0
    grid = np.asarray(Image.open(tmp_path / "two.png").convert("L"))
    assert grid.shape[0] == 2 * 10 + 2
    images = found["images"][found["labels"] == 1]  # the first row
    assert np.array_equal(grid[2:10, -30:-2].reshape(8, 28)[:, :8], images[0, :, :, 0])


def test_single_files_come_with_a_table_of_their_classes(begun, tmp_path):
    asked = ["sample", str(begun / "run"), "--num", "3", "--format", "png", "--out", str(tmp_path / "files")]
    assert run_tool([*asked, "--label", "10", "--label", "2"]) == 0
    table = (tmp_path / "files" / "labels.csv").read_text(encoding="utf-8").splitlines()
    assert table == ["file,label,class", "000000.png,3,10", "000001.png,1,2", "000002.png,3,10"]


def test_names_stand_at_the_start_in_the_summary_and_in_tensorboard(begun):
    assert "5 classes: 1, 2, 3, 10, 11\n" in (begun / "said.txt").read_text(encoding="utf-8")
    assert json.loads((begun / "run" / "summary.json").read_text())["data"]["classes"] == NAMES
    events = EventAccumulator(str(begun / "run" / "tensorboard"))
    events.Reload()
    (text,) = events.Tensors("classes/text_summary")
    shown = text.tensor_proto.string_val[0].decode()
    assert shown == "\n".join(f"{number}. `{name}`" for number, name in enumerate(NAMES))


def test_a_run_keeps_the_names_that_a_later_version_changes(tmp_path):
    old = [f"digit {number}" for number in range(10)]
    content = trained(tmp_path / "run", "trainer.max_steps=2", "architecture.conditional=true")
    content[MARK]["data"]["classes"] = old
    AtomicCheckpointIO().save_checkpoint(content, tmp_path / "run" / "checkpoints" / "last.ckpt")
    result = train(f"resume={tmp_path / 'run'}", "trainer.max_steps=4")
    assert result.returncode == 0, result.stderr
    assert checkpoint(tmp_path / "run")[MARK]["data"]["classes"] == old
    assert saddle.open_run(tmp_path / "run").class_number("digit 7") == 7


def test_a_network_that_is_not_told_named_classes_says_so(tmp_path, begun):
    settings = ["data=image_folder", f"data.root={begun / 'own'}", "data.classes=5", "data.image_size=8"]
    result = train(*SMALL, *settings, "data.batch_size=4", "trainer.max_steps=1", f"hydra.run.dir={tmp_path / 'run'}")
    assert result.returncode == 0, result.stderr
    assert "5 classes: 1, 2, 3, 10, 11; the networks are not told them" in result.stderr


def test_classes_without_an_image_are_named(tmp_path):
    few = ["data.limit=6", "data.batch_size=4", "architecture.conditional=true", "trainer.max_steps=1"]
    result = train(*SMALL, *few, f"hydra.run.dir={tmp_path / 'run'}")
    assert result.returncode == 0, result.stderr
    labels = Digits(8, 1, 10, 4, seed=0, limit=6).training()[1].tolist()
    absent = ", ".join(str(digit) for digit in range(10) if digit not in labels)
    assert f"warning: no training image shows {absent}: nothing is learned of it" in result.stderr


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_names_are_taken_in_python_for_each_image(begun, kind):
    run = saddle.open_run(begun / "run")
    assert run.labels(3, kind(["10", "1", "2"])).tolist() == [3, 0, 1]
    with pytest.raises(InputError, match="labels=cat: .* knows the classes 1, 2, 3, 10, 11"):
        run.sample(1, labels="cat")


def test_a_grid_names_its_rows(begun, tmp_path):
    grids = []
    for name in ("samples", "tool"):
        path = sorted((begun / "run" / "samples").glob("*.png"))[-1]
        if name == "tool":
            path = tmp_path / "grid.png"
            assert run_tool(["sample", str(begun / "run"), "--num", "20", "--out", str(path)]) == 0
        grids.append(np.asarray(Image.open(path).convert("L")))
    for grid in grids:
        side = 12 * 8 + 2  # of an image of 8 pixels, enlarged to 96, and a gap
        margin = grid.shape[1] % side - 2
        rows = [(grid[side * row + 2 : side * row + side, :margin] > 160).any() for row in range(5)]
        assert rows == [True] * 5


def test_a_run_of_an_older_version_keeps_its_own_order(begun, tmp_path):
    shutil.copytree(begun / "run", tmp_path / "run")
    content = checkpoint(tmp_path / "run")
    del content[MARK]["data"]
    AtomicCheckpointIO().save_checkpoint(content, tmp_path / "run" / "checkpoints" / "last.ckpt")
    result = train(f"resume={tmp_path / 'run'}", "trainer.max_steps=4")
    assert result.returncode == 0, result.stderr
    as_text = sorted(NAMES)
    assert as_text != NAMES
    assert checkpoint(tmp_path / "run")[MARK]["data"]["classes"] == as_text
    run = saddle.open_run(tmp_path / "run")
    assert run.class_names == run.image_data.class_names == as_text
    result = train(f"resume={tmp_path / 'run'}", "trainer.max_steps=6")
    assert result.returncode == 0, result.stderr


def test_data_sets_know_the_names_of_their_classes():
    root, sizes = "", (28, 1)
    assert Digits(8, 1, 10, 4, seed=0).class_names == [str(digit) for digit in range(10)]
    assert FashionMnist(root, *sizes, 10, 4, seed=0).class_names[9] == "Ankle boot"
    assert Kmnist(root, *sizes, 10, 4, seed=0).class_names[3] == "tsu"
    assert Emnist(root, *sizes, 26, 4, seed=0, split="letters").class_names[25] == "Z"
    balanced = Emnist(root, *sizes, 47, 4, seed=0, split="balanced").class_names
    assert [balanced[number] for number in (9, 10, 35, 36, 46)] == ["9", "A", "Z", "a", "t"]
    assert StackedMnist(root, 28, 3, 1000, 4, seed=0).class_names[7] == "007"
    assert Ring(4, 0).class_names == []
