import os
from pathlib import Path

import pytest
import torch
from PIL import Image

from folders import gray_images, levels, noisy, read, set_up, spoil
from saddle.data import image_files
from saddle.data.image_cache import Table, open_cache, write_cache
from saddle.error import InputError

IMAGES = torch.arange(4 * 3 * 5 * 5).remainder(256).to(torch.uint8).view(4, 3, 5, 5)
TABLE = Table(
    [0, 2, 3, 7], [1, 2, 3, 4], [5, 6, 7, 8], [("b/ä.png", "empty file"), ("\udcff.png", "odd name")], ["grid.png"]
)


def write(path, table: Table = TABLE) -> None:
    def decode(keep):
        for image in IMAGES[: len(table.kept)]:
            keep(image)
        return table

    write_cache(path, decode)


def test_images_and_table_come_back(tmp_path):
    path = tmp_path / "deep" / "down" / "a.images"
    write(path)
    images, table, _ = open_cache(path, (3, 5, 5))
    assert torch.equal(images, IMAGES)
    assert table == TABLE
    assert [entry.name for entry in path.parent.iterdir()] == ["a.images"]
    assert torch.equal(images[torch.tensor([3, 0])], IMAGES[[3, 0]])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's account of memory")
def test_images_stay_in_the_file(tmp_path):
    path = tmp_path / "big.images"
    frame = torch.zeros((3, 1024, 1024), dtype=torch.uint8)

    def decode(keep):
        for _ in range(100):
            keep(frame)
        return Table(list(range(100)), [0] * 100, [0] * 100, [], [])

    write_cache(path, decode)
    before = anonymous_kib()
    images = open_cache(path, (3, 1024, 1024)).images
    assert images.shape == (100, 3, 1024, 1024)
    assert images[7].sum() == 0
    assert anonymous_kib() - before < 100_000  # of 300 MiB; the checksum takes a piece at a time


def anonymous_kib() -> int:
    with Path("/proc/self/status").open() as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(path.read_bytes()[75:]),
        lambda path: path.write_bytes(bytes(1000)),
        lambda path: path.write_bytes(b"{}" + (2).to_bytes(8, "little")),
        lambda path: path.write_bytes(b"[]" + (2).to_bytes(8, "little")),
        lambda path: os.truncate(path, path.stat().st_size + 10),
        lambda path: path.write_bytes(path.read_bytes().replace(bytes([100, 101]), bytes([100, 100]), 1)),
    ],
)
def test_a_damaged_file_is_none(tmp_path, damage):
    path = tmp_path / "a.images"
    write(path)
    assert open_cache(path, (3, 5, 5)) is not None
    damage(path)
    assert open_cache(path, (3, 5, 5)) is None


def test_another_shape_is_none(tmp_path):
    write(tmp_path / "a.images")
    assert open_cache(tmp_path / "a.images", (1, 5, 5)) is None


def test_a_failure_on_the_way_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.images"

    def fail(keep):
        keep(IMAGES[0])
        raise RuntimeError("no")

    for before in (None, TABLE):
        if before is not None:
            write(path)
        with pytest.raises(RuntimeError):
            write_cache(path, fail)
        assert [entry.name for entry in tmp_path.iterdir()] == (["a.images"] if before else [])
    assert open_cache(path, (3, 5, 5)).table == TABLE


# of a folder of images


@pytest.fixture
def folder(tmp_path):
    return gray_images(tmp_path / "own")


def test_the_cache_gives_the_same_batches_as_memory(folder, tmp_path):
    noisy(folder)
    spoil(folder, "bad/a.png")
    changes = {"channels": 3, "batch_size": 4, "flip": True}
    pair = [read(folder, **changes), read(folder, **changes, memory_mib=0, cache=str(tmp_path / "cache"))]
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert pair[0].skipped == pair[1].skipped == 1
    loaders = [set_up(data) for data in pair]
    assert [loader.prefetch is None for loader in loaders] == [True, False]
    for _ in range(2):
        batches = list(zip(*loaders, strict=True))
        assert len(batches) == 3
        for first, second in batches:
            assert torch.equal(first["image"], second["image"])
            assert first["image"].shape == (4, 3, 8, 8)


def test_small_folders_make_no_cache(folder, tmp_path):
    read(folder, memory_mib=1, cache=str(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_the_cache_is_used_again_repaired_and_follows_files_and_settings(folder, tmp_path, monkeypatch, capsys):
    spoil(folder, "bad/a.png")
    calls = []
    real = image_files.read_picture
    monkeypatch.setattr(image_files, "read_picture", lambda *a: calls.append(a) or real(*a))
    cache = tmp_path / "cache"

    def decoded(**changes) -> int:
        """How many files are decoded for these settings."""
        calls.clear()
        data = read(folder, memory_mib=0, cache=str(cache), **changes)
        assert len(levels(data)) == (data.limit or data.size - 1)
        assert data.limit or f"1 of the {data.size} image files" in capsys.readouterr().err
        return len(calls)

    assert [decoded(), decoded(), decoded(seed=3, flip=True, batch_size=4, classes=0)] == [13, 0, 0]
    (file,) = cache.iterdir()
    for content in (b"", file.read_bytes()[:-20], b"\1" + file.read_bytes()[1:]):
        file.write_bytes(content)
        assert [decoded(), decoded()] == [13, 0]
    assert decoded(background=0) == 13
    assert decoded(fit="pad") == 13
    assert decoded(limit=4) >= 4
    os.utime(folder / "cats" / "01.png", ns=(1, 1))
    assert decoded() == 13
    (folder / "cats" / "01.png").rename(folder / "cats" / "001.png")
    assert decoded() == 13
    Image.new("L", (8, 8), 3).save(folder / "dogs" / "new.png")
    assert [decoded(), decoded()] == [14, 0]


def test_folders_that_differ_in_content_alone_have_caches_of_their_own(tmp_path):
    cache = tmp_path / "cache"
    for place, level in (("a", 10), ("b", 200)):
        (tmp_path / place).mkdir()
        for index in range(40):
            path = tmp_path / place / f"{index}.bmp"
            Image.new("L", (8, 8), level).save(path)
            os.utime(path, (0, 0))  # as archives without times leave it
        assert set(levels(read(tmp_path / place, memory_mib=0, cache=str(cache)))) == {level}
    (tmp_path / "a").rename(tmp_path / "c")
    read(tmp_path / "c", memory_mib=0, cache=str(cache))
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_refused_by_name(folder, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(InputError, match="data.cache=.*cache: File exists; choose another folder .*data.memory_mib=0"):
        read(folder, memory_mib=0, cache=str(tmp_path / "cache"))
