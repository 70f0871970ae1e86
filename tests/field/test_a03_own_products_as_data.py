"""A3: pictures that saddle made, below `data.root`, are never read as data."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from folders import data_of, gray_images
from helpers import train
from saddle.data.image_search import search
from saddle.error import InputError
from saddle.picture.film import write_film
from saddle.picture.png import write_png

SMALL = ["architecture=mlp", "data=image_folder", "data.image_size=8", "data.channels=1", "data.batch_size=4"]
SMALL += ["trainer.max_steps=2", "trainer=cpu"]


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), 1).save(path)  # as an older version wrote it, without a mark


def lay(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("_target_: saddle.game.adversarial.Adversarial" if name.endswith("yaml") else "")


MARKS = {
    "settings": [".hydra/config.yaml"],
    "checkpoints": ["checkpoints/00000004.ckpt"],
    "results": ["metrics.csv", "summary.json"],
    "killed early": ["metrics.csv", ".lock"],
}


@pytest.mark.parametrize("marks", MARKS.values(), ids=MARKS)
@pytest.mark.parametrize("run", [".", "outputs/2026-11-23/10-00-00", "outputs/multirun/x/0,seed=1", "cats/mine"])
def test_products_in_the_folder_of_a_run_are_left_out_and_counted(tmp_path, run, marks):
    root = gray_images(tmp_path / "own")
    own = search(root).names
    lay(root / run, *marks, "error.txt")
    for name in ("samples/1.png", "samples/translations/1.png", "evaluation/1.png", "tensorboard/x.png", "cache/a.png"):
        picture(root / run / name)
    found = search(root)
    assert found.names == own
    assert sum(found.products.values()) == 5
    assert not found.others
    assert "5 pictures that saddle made" in "\n".join(found.remarks(root))
    assert data_of(root, classes=2).class_names == ["cats", "dogs"]


def test_folders_of_the_same_names_that_saddle_did_not_make_are_data(tmp_path):
    root = gray_images(tmp_path / "own")
    for name in ("samples/1.png", "evaluation/1.png", "cache/1.png", "cats/checkpoints/1.png"):
        picture(root / name)
    lay(root, "summary.json")
    (root / ".hydra").mkdir()
    (root / ".hydra" / "config.yaml").write_text("_target_: other.Program")
    assert len(search(root).names) == 16


@pytest.mark.parametrize(
    "name",
    [
        "__MACOSX/cats/01.png",
        "@eaDir/cats/01.png/SYNOPHOTO_THUMB_M.jpg",
        "cats/@eaDir/01.png/SYNOPHOTO_THUMB_M.jpg",
        "$RECYCLE.BIN/1.png",
        "#recycle/1.png",
        ".ipynb_checkpoints/1.png",
        "cats/Thumbs.db",
        "cats/desktop.ini",
    ],
)
def test_what_systems_put_there_is_no_data_either(tmp_path, name):
    root = gray_images(tmp_path / "own")
    picture(root / "x.png")
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / "x.png").rename(root / name)
    found = search(root)
    assert (len(found.names), found.others.total(), found.products) == (12, 0, {})
    assert data_of(root, classes=2).class_names == ["cats", "dogs"]


def test_pictures_of_tools_are_known_wherever_they_lie(tmp_path, capsys):
    root = gray_images(tmp_path / "own")
    image = torch.zeros(1, 8, 8, dtype=torch.uint8)
    write_png(image, root / "grid.png")
    write_png(image.expand(3, 8, 8), root / "cats" / "samples.png")
    frames = [Image.new("RGB", (8, 8), (level, 0, 0)) for level in (0, 200)]
    write_film(frames, root / "dogs" / "film.gif", 1)
    write_film(frames, root / "dogs" / "film.webp", 1)
    (root / "fakes").mkdir()
    write_png(image, root / "fakes" / "000000.png")
    data = data_of(root, classes=2)  # neither grid.png nor fakes/ counts
    data.prepare_data()
    data.read()
    assert data.rows_in_use() == 12
    assert data.skipped == 0
    assert "5 pictures that saddle made" in capsys.readouterr().err


def test_nothing_but_own_pictures_is_refused(tmp_path):
    write_png(torch.zeros(1, 8, 8, dtype=torch.uint8), tmp_path / "1.png")
    with pytest.raises(InputError, match="saddle made all of its 1 images"):
        data_of(tmp_path).prepare_data()
    lay(tmp_path / "run", ".hydra/config.yaml")
    picture(tmp_path / "run" / "samples" / "1.png")
    (tmp_path / "1.png").unlink()
    with pytest.raises(InputError, match=r"no images there \(1 picture that saddle made"):
        data_of(tmp_path)


@pytest.mark.parametrize("place", ["samples", "samples/translations", "evaluation"])
def test_the_products_of_a_run_are_no_data_by_themselves(tmp_path, place):
    lay(tmp_path / "run", ".hydra/config.yaml")
    picture(tmp_path / "run" / place / "1.png")
    with pytest.raises(InputError, match=r"no images there \(1 picture that saddle made"):
        data_of(tmp_path / "run" / place)


def test_runs_inside_of_their_data_train_on_the_same_pictures_and_go_on(tmp_path):
    root = gray_images(tmp_path / "own")
    for run in ("runs/first", "runs/second"):
        result = train(*SMALL, "data.root=.", f"hydra.run.dir={run}", cwd=root)
        assert result.returncode == 0, result.stderr
    assert "pictures that saddle made in . left out: in runs/first/samples/" in result.stderr
    for run in ("runs/first", "runs/second"):
        result = train(f"resume={run}", "trainer.max_steps=4", cwd=root)
        assert result.returncode == 0, result.stderr
        assert json.loads((root / run / "summary.json").read_text())["data"]["images"] == 12
