import json

import numpy as np
import pytest
import torch
from PIL import Image

from folders import data_of, gray_images, levels, noisy, read, set_up, spoil
from helpers import checkpoint, differences, train
from saddle.data import image_files
from saddle.data.image_file import FORMATS
from saddle.data.image_search import image_names
from saddle.error import InputError
from saddle.seed import fixed_order
from systems import posix


@pytest.fixture
def folder(tmp_path):
    return gray_images(tmp_path / "own")


def test_all_images_in_sorted_order_without_labels(folder):
    data = read(folder)
    assert data.size == 12
    assert levels(data) == [20 * index for index in (1, 3, 5, 7, 9, 11, 0, 2, 4, 6, 8, 10)]
    assert data._read[1] is None
    assert data.skipped == 0


def test_names_are_found_at_any_depth_but_not_what_is_hidden_or_no_image(tmp_path):
    kept = ["a.PNG", "b/c/d.jpeg", "b/e.TiFf", "z.webp", "b/with.dots.gif"]
    for name in (*kept, ".hidden.png", ".git/a.png", "b/.cache/c.png", "notes.txt", "png", "a.png.txt", "b.svg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert image_names(tmp_path) == sorted(kept)


@posix
def test_links_are_followed_once_and_loops_end(folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    Image.new("L", (8, 8)).save(outside / "x.png")
    (folder / "link").symlink_to(outside)
    (folder / "again").symlink_to(outside)
    (folder / "cats" / "loop").symlink_to(folder)
    (outside / "back").symlink_to(folder)
    names = image_names(folder)
    assert len(names) == 13
    assert [name for name in names if name.endswith("x.png")] == ["again/x.png"]


@pytest.mark.parametrize(("make", "message"), [(False, "there is no such folder"), (True, "no images there; files .*")])
def test_a_root_without_images_is_refused(tmp_path, make, message):
    if make:
        (tmp_path / "own").mkdir()
    with pytest.raises(InputError, match=rf"data.root=.*own: {message}"):
        data_of(tmp_path / "own")


def test_sub_folders_are_classes(folder):
    Image.new("L", (8, 8), 250).save(folder / "dogs" / "99.png")
    deep = folder / "cats" / "deep"
    deep.mkdir()
    Image.new("L", (8, 8), 251).save(deep / "dogs.png")
    (folder / "empty").mkdir()
    spoil(folder, "cats/00.png")
    data = read(folder, classes=2)
    assert data.class_names == ["cats", "dogs"]
    expected = {20 * index: 0 if index % 2 else 1 for index in range(12)} | {250: 1, 251: 0}
    assert dict(zip(levels(data), data._read[1].tolist(), strict=True)) == expected
    assert data._read[1].dtype == torch.int64
    limited = read(folder, classes=2, limit=5)
    assert {(level, expected[level]) for level in levels(limited)} == set(
        zip(levels(limited), limited._read[1].tolist(), strict=True)
    )


def test_another_number_of_classes_and_images_outside_of_them_are_refused(folder):
    with pytest.raises(InputError, match=r"data.classes=3, but .* has 2 sub-folders with images \(cats, dogs\): use"):
        data_of(folder, classes=3)
    Image.new("L", (8, 8)).save(folder / "stray.png")
    with pytest.raises(InputError, match=r"data.classes=2, but stray.png in .* lie outside of its sub-folders"):
        data_of(folder, classes=2)
    assert data_of(folder).size == 13


def test_broken_files_are_left_out_and_named_once(folder, capsys):
    spoil(folder, "cats/text.png", *(f"bad/{index:02d}.jpg" for index in range(11)))
    (folder / "cats" / "none.gif").write_bytes(b"")
    data = read(folder)
    data.prepare_data()
    assert len(levels(data)) == 12
    assert data.skipped == 13
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"13 of the 25 image files in {folder} are left out:"
    assert lines[1] == f"  bad/00.jpg: none of {', '.join(FORMATS)}"
    assert lines[-1] == "  and 3 more"
    assert len(lines) == 12
    other = data_of(folder)
    other.read()  # a second rank's, without prepare_data
    assert levels(other) == levels(data)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("memory_mib", [0, 1])
def test_broken_files_are_refused_where_asked(folder, tmp_path, memory_mib):
    spoil(folder, "cats/text.png", "dogs/text.png")
    changes = {"memory_mib": memory_mib, "cache": str(tmp_path / "cache")}
    message = (
        r"data.broken=refuse: 2 of the 14 image files in .*own cannot be read; the first is cats/text.png \(none of "
    )
    for _ in range(2):
        with pytest.raises(InputError, match=message):
            read(folder, broken="refuse", **changes)
        assert len(levels(read(folder, **changes))) == 12  # and a cache made by skipping changes nothing


@pytest.mark.parametrize("memory_mib", [0, 1])
def test_nothing_but_broken_files_is_refused(tmp_path, memory_mib):
    (tmp_path / "own").mkdir()
    spoil(tmp_path / "own", "a.png", "b.png")
    with pytest.raises(InputError, match=r"data.root=.*own: none of its 2 image files can be read; the first is a.png"):
        read(tmp_path / "own", memory_mib=memory_mib, cache=str(tmp_path / "cache"))


@pytest.mark.parametrize("memory_mib", [0, 1])
def test_limits_are_nested_exact_and_skip_broken_files(folder, tmp_path, memory_mib):
    spoil(folder, "cats/text.png", "dogs/text.png", "dogs/00.text.png")
    changes = {"memory_mib": memory_mib, "cache": str(tmp_path / "cache")}
    chosen = [set(levels(read(folder, limit=limit, **changes))) for limit in (3, 7, 12)]
    assert [len(images) for images in chosen] == [3, 7, 12]
    assert chosen[0] < chosen[1] < chosen[2]
    assert set(levels(read(folder, limit=3, seed=5, **changes))) == chosen[0]
    wanted = [name for name in (data_of(folder).names[i] for i in fixed_order(15, "limit")) if "text" not in name][:7]
    assert chosen[1] == {20 * int(name[-6:-4]) for name in wanted}  # not the first ones, which are all cats
    with pytest.raises(InputError, match="data.limit=13 is more than the 12 training images: use at most 12"):
        read(folder, limit=13, **changes)
    with pytest.raises(InputError, match="data.limit=16 is more than the 15 training images"):
        data_of(folder, limit=16).check_size(15)


def test_a_limit_decodes_no_more_than_it_needs(folder, monkeypatch):
    decoded = []
    real = image_files.read_picture
    monkeypatch.setattr(image_files, "read_picture", lambda *a: decoded.append(a) or real(*a))
    read(folder, limit=4)
    assert len(decoded) == 4


@pytest.mark.parametrize("memory_mib", [0, 1])
def test_flips_are_exact_over_resume_and_ranks(folder, tmp_path, memory_mib):
    noisy(folder)
    changes = {"batch_size": 4, "flip": True, "memory_mib": memory_mib, "cache": str(tmp_path / "cache")}

    def batches(epochs: int, position: int = 0, **rank) -> list[torch.Tensor]:
        loader = set_up(data_of(folder, **changes), **rank)
        loader.load_state_dict({"batches": position})
        return [batch["image"] for _ in range(epochs) for batch in loader]

    straight = batches(3)
    plain = [batch["image"] for _ in range(3) for batch in set_up(data_of(folder, **{**changes, "flip": False}))]
    mirrored = [torch.equal(a, b) for a, b in zip(torch.cat(straight), torch.cat(plain), strict=True)]
    assert 0 < sum(mirrored) < len(mirrored)
    for position in (1, 3, 5):
        resumed = batches(3, position)[: 9 - position]
        assert all(torch.equal(a, b) for a, b in zip(resumed, straight[position:], strict=True))
    ranks = [batches(3, rank=rank, world_size=2) for rank in (0, 1)]
    assert all(torch.equal(torch.cat(pair), whole) for *pair, whole in zip(*ranks, straight, strict=True))


def test_a_bar_is_shown_only_by_the_first_process(folder, monkeypatch, capsys):
    bars = []
    real = image_files.tqdm
    monkeypatch.setattr(image_files, "tqdm", lambda *a, **k: bars.append(k["disable"]) or real(*a, **{**k, "delay": 0}))
    read(folder)
    assert "reading images" in capsys.readouterr().err
    data_of(folder).read()
    assert bars == [False, True]
    assert capsys.readouterr().err == ""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Forty images of many kinds and sizes, and four broken files."""
    root = tmp_path_factory.mktemp("mixed") / "own pictures"
    random = np.random.default_rng(3)
    for index in range(40):
        height, width = random.integers(5, 60, 2)
        image = Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
        mode, end = [("RGB", "jpg"), ("RGBA", "png"), ("P", "gif"), ("CMYK", "tif"), ("L", "pgm")][index % 5]
        (root / f"kind {index % 2}").mkdir(parents=True, exist_ok=True)
        image.convert(mode).save(root / f"kind {index % 2}" / f"{index}.{end}")
    good = (root / "kind 1" / "1.png").read_bytes()
    for name, content in {"a.png": good[: len(good) // 2], "b.jpg": b"text", "c.bmp": b"", "d.tif": good[:9]}.items():
        (root / "kind 0" / name).write_bytes(content)
    return root


SETTINGS = ["architecture=mlp", "data=image_folder", "data.image_size=16", "data.channels=3", "data.batch_size=8"]


def test_a_folder_trains_and_its_broken_files_are_named(mixed, tmp_path):
    choices = [*SETTINGS, f"data.root='{mixed}'", "data.flip=true", "trainer.max_steps=7"]
    result = train(*choices, f"hydra.run.dir={tmp_path / 'run'}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"4 of the 44 image files in {mixed} are left out:" in result.stderr
    for name in ("a.png", "b.jpg", "c.bmp: empty file", "d.tif"):
        assert result.stderr.count(f"kind 0/{name}") == 1
    assert json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))["data"]["images"] == 40
    result = train(*choices, "data.memory_mib=0", f"hydra.run.dir={tmp_path / 'cached'}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "outputs" / "cache").iterdir())) == 1
    states = [checkpoint(tmp_path / name)["state_dict"] for name in ("run", "cached")]
    assert differences(*states) == []


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (["data.root='{mixed}'", "data.broken=refuse"], "data.broken=refuse: 4 of the 44 image files in "),
        (["data.root='{mixed}'", "data.classes=3"], "data.classes=3, but "),
        (
            ["data.root='{mixed}'", "data.batch_size=43"],
            "data.batch_size=43 x training.accumulate=1 is more than the 4",
        ),
        (["data.root='{mixed}'", "data.channels=2"], "data.channels=2: should be 1, 3 or 4"),
        (["data.root='{mixed}/nowhere'"], "there is no such folder; name the folder with your images"),
        ([], "data.root is missing: name the folder with your images"),
    ],
)
def test_what_cannot_be_used_exits_with_2_and_leaves_nothing(mixed, tmp_path, choices, message):
    result = train(*SETTINGS, *(choice.format(mixed=mixed) for choice in choices), cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert 1 <= len(result.stderr.strip().splitlines()) <= 3
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
