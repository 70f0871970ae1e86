"""C4: games that translate train on two folders of one's own."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import saddle
from helpers import checkpoint, differences, train
from saddle.cli.tools import run_tool
from saddle.data.image_folder_pair import ImageFolderPair
from saddle.error import InputError
from saddle.picture.png import write_png

SETTINGS = ["experiment=cyclegan", "data=image_folder_pair", "data.image_size=8", "data.channels=1"]
SETTINGS += ["data.batch_size=4", "trainer.max_steps=4", "trainer=cpu"]


def fill(root, count: int, level: int):
    root.mkdir(parents=True)
    for index in range(count):
        Image.new("L", (9, 12), level + index).save(root / f"{index}.png")
    return root


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folders of 11 dark sources and 14 bright targets, and a run on them."""
    place = tmp_path_factory.mktemp("two")
    fill(place / "dark", 11, 10)
    fill(place / "bright", 14, 200)
    result = train(*SETTINGS, "data.source=dark", "data.root=bright", "hydra.run.dir=run", cwd=place)
    assert result.returncode == 0, result.stderr
    return place


def pair(place, **changes) -> ImageFolderPair:
    settings = {"image_size": 8, "channels": 1, "batch_size": 4, "seed": 0}
    return ImageFolderPair(str(place / "dark"), str(place / "bright"), **{**settings, **changes})


def test_targets_and_sources_are_those_of_their_folders(place):
    data = pair(place)
    data.prepare_data()
    batches = list(data.loader())
    assert len(batches) == 3
    for batch in batches:
        assert batch["image"].min() > 0.5
        assert batch["source"].max() < -0.8
        assert batch["source"].shape == batch["image"].shape == (4, 1, 8, 8)
        assert "label" not in batch
    held_out = data.held_out(100)
    assert held_out.keys() == {"source", "image"}
    assert len(held_out["source"]) == len(held_out["image"]) == 11


def test_the_memory_of_two_folders_is_that_of_each_unless_it_stays_in_a_file(place):
    assert pair(place).wanted_bytes() == (11 + 14) * 64
    assert pair(place, limit=5).wanted_bytes() == 2 * 5 * 64
    assert pair(place, memory_mib=0).wanted_bytes() == 0


@pytest.mark.parametrize("changes", [{"fit": "pad", "background": 0}, {"fit": "stretch"}, {"channels": 3}])
def test_both_folders_take_the_same_form(place, changes):
    data = pair(place, **changes)
    data.read()
    for rows in (data.training()[0], data.training_sources()):
        assert rows.shape[1:] == (changes.get("channels", 1), 8, 8)
        assert (rows.min() == 0) == ("background" in changes)


def test_limit_broken_cache_and_own_pictures_hold_for_both(tmp_path, capsys):
    fill(tmp_path / "dark", 6, 10)
    fill(tmp_path / "bright", 9, 200)
    for name in ("dark", "bright"):
        (tmp_path / name / "broken.png").write_text("no image")
        write_png(torch.zeros(1, 8, 8, dtype=torch.uint8), tmp_path / name / "grid.png")
    data = pair(tmp_path, memory_mib=0, cache=str(tmp_path / "cache"))
    data.prepare_data()
    data.read()
    assert (data.rows_in_use(), len(data.training_sources()), data.skipped) == (9, 6, 2)
    assert len(list((tmp_path / "cache").iterdir())) == 2
    assert capsys.readouterr().err.count("broken.png: none of") == 2
    data = pair(tmp_path, limit=5)
    data.read()
    assert (data.rows_in_use(), len(data.training_sources())) == (5, 5)
    with pytest.raises(InputError, match="data.limit=9 is more than the 8 source images: use at most 8"):
        pair(tmp_path, limit=9)
    with pytest.raises(InputError, match="data.broken=refuse: 1 of the 8 image files in .*dark cannot be read"):
        pair(tmp_path, broken="refuse", limit=None).source_files.decoded(quiet=True)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["data.source=dark", "data.root=dark"], "are the same folder: there is nothing to translate"),
        (["data.source=dark", "data.root=."], "one lies inside the other"),
        (["data.source=.", "data.root=bright"], "one lies inside the other"),
        (["data.source=nowhere", "data.root=bright"], "data.source=nowhere: there is no such folder"),
        (["data.source=dark", "data.root=nowhere"], "data.root=nowhere: there is no such folder"),
        (["data.root=bright"], "data.source"),
    ],
)
def test_wrong_folders_are_refused(place, overrides, said):
    result = train(*SETTINGS, *overrides, "hydra.run.dir=refused", cwd=place)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert said in result.stderr


def test_a_run_translates_is_measured_and_draws(place, tmp_path, capsys):
    metrics = json.loads((place / "run" / "summary.json").read_text())["metrics"]
    assert {name for name in metrics if name.startswith("metric/")} == {
        "metric/cycle_error",
        "metric/inverse_cycle_error",
    }
    assert list((place / "run" / "samples" / "translations").glob("*.png"))
    settings = [f"data.root={place / 'bright'}", f"data.source={place / 'dark'}"]
    out = tmp_path / "x.npz"
    assert run_tool(["translate", str(place / "run"), *settings, "--format", "npz", "--back", "--out", str(out)]) == 0
    assert np.load(out).files == ["sources", "images", "back"]
    assert "cycle_error" in capsys.readouterr().out
    run = saddle.open_run(place / "run", settings)
    assert run.class_names == []
    images = run.translate(run.image_data.to_translate(3)).images
    assert images.shape == (3, 1, 8, 8)
    assert run.sample(5).shape == (5, 1, 8, 8)


def test_it_goes_on_bit_by_bit_and_wherever_the_folders_are(place, tmp_path):
    for name, count, level in (("a", 11, 10), ("b", 14, 200)):
        fill(tmp_path / name, count, level)
    folders = ["data.source=a", "data.root=b"]
    assert train(*SETTINGS, *folders, "trainer.max_steps=7", "hydra.run.dir=straight", cwd=tmp_path).returncode == 0
    assert train(*SETTINGS, *folders, "hydra.run.dir=run", cwd=tmp_path).returncode == 0
    (tmp_path / "a").rename(tmp_path / "a2")
    (tmp_path / "b").rename(tmp_path / "b2")
    moved = ["data.source=a2", "data.root=b2"]
    result = train("resume=run", "trainer.max_steps=7", *moved, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    states = [checkpoint(tmp_path / name)["state_dict"] for name in ("straight", "run")]
    assert differences(*states) == []
    (tmp_path / "a2" / "3.png").unlink()
    result = train("resume=run", "trainer.max_steps=9", *moved, cwd=tmp_path)
    assert result.returncode == 2
    assert ": 3.png is gone: put it back, or use data.changed=accept" in result.stderr
