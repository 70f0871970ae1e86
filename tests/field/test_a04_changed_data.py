"""A4: a run does not go on with other data than it was begun with, unless the user says so."""

import json
import shutil

import pytest
import torch
from PIL import Image

import saddle
from folders import data_of, gray_images
from helpers import checkpoint, differences, train
from saddle.data.digits import Digits
from saddle.data.identity import Identity
from saddle.data.ring import Ring
from saddle.training.checkpoint import MARK
from saddle.training.checkpoint_io import AtomicCheckpointIO

SMALL = ["architecture=mlp", "data=image_folder", "data.image_size=8", "data.channels=1", "data.batch_size=4"]
SMALL += ["data.classes=2", "trainer.max_steps=4", "trainer=cpu"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A run of four iterations, and its data beside it."""
    place = tmp_path_factory.mktemp("begun")
    gray_images(place / "own")
    result = train(*SMALL, f"data.root={place / 'own'}", f"hydra.run.dir={place / 'run'}")
    assert result.returncode == 0, result.stderr
    return place


@pytest.fixture
def place(begun, tmp_path):
    """A copy of both."""
    shutil.copytree(begun, tmp_path / "copy")
    return tmp_path / "copy"


def rename_class(root) -> None:
    (root / "cats").rename(root / "zebras")


def swap_classes(root) -> None:
    (root / "cats").rename(root / "x")
    (root / "dogs").rename(root / "cats")
    (root / "x").rename(root / "dogs")


def change_picture(root) -> None:
    path = root / "cats" / "03.png"
    size = path.stat().st_size
    Image.new("L", (8, 8), 61).save(path)
    assert path.stat().st_size == size  # only its content tells


def add_picture(root) -> None:
    Image.new("L", (8, 8), 99).save(root / "cats" / "new.png")


def move_picture(root) -> None:
    (root / "cats" / "03.png").rename(root / "dogs" / "03.png")


CHANGES = {
    rename_class: "the class cats is gone, and the class zebras is new",
    swap_classes: "cats/00.png is new, and 23 more files differ",
    change_picture: "cats/03.png has changed:",
    add_picture: "the data had 12 images and has 13 now; cats/new.png is new:",
    move_picture: "cats/03.png is gone, and 1 more file differs:",
}


@pytest.mark.parametrize(("change", "said"), CHANGES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_each_change_is_named_and_accepted_if_asked_for(place, change, said):
    before = data_of(place / "own", classes=2).identity()
    change(place / "own")
    now = data_of(place / "own", classes=2)
    reasons = before.differences(now.identity())
    assert said.removesuffix(":").rpartition("; ")[2] == reasons[0]


@pytest.mark.parametrize("change", [rename_class, add_picture])
def test_a_changed_run_is_refused_before_training_and_goes_on_if_asked_to(place, change):
    change(place / "own")
    last = (place / "run" / "checkpoints" / "last.ckpt").read_bytes()
    settings = [f"resume={place / 'run'}", f"data.root={place / 'own'}", "trainer.max_steps=20"]
    result = train(*settings)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert CHANGES[change] in result.stderr
    assert "data.changed=accept" in result.stderr
    assert (place / "run" / "checkpoints" / "last.ckpt").read_bytes() == last
    result = train(*settings, "data.changed=accept")
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith("warning: the data ")
    assert "the run goes on with the data as it is" in result.stderr
    summary = json.loads((place / "run" / "summary.json").read_text())
    assert (summary["iterations"], summary["finished"]) == (20, True)
    again = train(f"resume={place / 'run'}", f"data.root={place / 'own'}", "trainer.max_steps=22")
    assert again.returncode == 0, again.stderr  # the new data is now what the run is known by


@pytest.mark.parametrize("change", [None, rename_class, change_picture])
def test_a_tool_says_once_that_the_data_has_changed(place, capsys, change):
    if change is not None:
        change(place / "own")
    run = saddle.open_run(place / "run", [f"data.root={place / 'own'}"])
    assert len(run.sample(2)) == 2  # needs no data
    assert capsys.readouterr().err == ""
    assert run.image_data.rows_in_use() == run.image_data.rows_in_use() == 12
    said = capsys.readouterr().err
    if change is None:
        assert said == ""
        return
    (line,) = said.splitlines()
    assert line.startswith("warning: the data has changed since ")
    assert CHANGES[change] in line
    assert line.endswith("what is measured and shown is the data as it is now")


def test_data_that_moved_is_the_same(place):
    (place / "own").rename(place / "moved")
    for path in (place / "moved").rglob("*.png"):
        path.touch()
    result = train(f"resume={place / 'run'}", f"data.root={place / 'moved'}", "trainer.max_steps=6")
    assert result.returncode == 0, result.stderr
    assert "changed" not in result.stderr


def test_a_checkpoint_of_an_older_version_goes_on(place):
    content = checkpoint(place / "run")
    del content[MARK]["data"]
    AtomicCheckpointIO().save_checkpoint(content, place / "run" / "checkpoints" / "last.ckpt")
    add_picture(place / "own")
    (place / "own" / "cats" / "01.png").unlink()  # as many as before
    settings = place / "run" / ".hydra" / "config.yaml"
    settings.write_text(settings.read_text().replace("  changed: refuse\n", ""))
    result = train(f"resume={place / 'run'}", f"data.root={place / 'own'}", "trainer.max_steps=6")
    assert result.returncode == 0, result.stderr
    assert "data" in checkpoint(place / "run")[MARK]


def test_data_in_memory_is_known_by_its_content():
    first, second = (Digits(8, 1, 10, 4, seed=seed) for seed in (0, 1))
    assert first.identity() == second.identity()
    images, labels = second.training()
    images[3, 0, 2, 1] += 1
    second._identity = None
    assert first.identity().differences(second.identity()) == ["its images are others"]
    images[3, 0, 2, 1] -= 1
    second._read, second._identity = (images, labels.flip(0)), None
    assert first.identity().differences(second.identity()) == ["its labels are others"]
    ring = Ring(4, 0, size=100)
    assert ring.identity().differences(Ring(4, 0, size=100, point_seed=1).identity()) == ["its images are others"]


def test_what_a_checkpoint_records_is_read_back_and_a_checkpoint_holds_it(begun, tmp_path):
    identity = data_of(begun / "own", classes=2, limit=7).identity()
    assert (identity.rows, identity.classes) == (7, ["cats", "dogs"])
    file = tmp_path / "x.ckpt"
    torch.save(identity.state(), file)
    assert Identity.from_state(torch.load(file, weights_only=True)) == identity
    assert not differences(identity.state(), data_of(begun / "own", classes=2, limit=7).identity().state())
    assert " is new" in identity.differences(data_of(begun / "own", classes=2, limit=8).identity())[0]
