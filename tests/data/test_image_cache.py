import os
from pathlib import Path

import pytest
import torch

from saddle.data.image_cache import Table, open_cache, write_cache

IMAGES = torch.arange(4 * 3 * 5 * 5).remainder(256).to(torch.uint8).view(4, 3, 5, 5)
TABLE = Table([0, 2, 3, 7], [("b/ä.png", "empty file"), ("\udcff.png", "odd name")])


def write(path, table: Table = TABLE) -> None:
    def decode(keep):
        for image in IMAGES[: len(table.kept)]:
            keep(image)
        return table

    write_cache(path, decode)


def test_images_and_table_come_back(tmp_path):
    path = tmp_path / "deep" / "down" / "a.images"
    write(path)
    images, table = open_cache(path, (3, 5, 5))
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
        return Table(list(range(100)), [])

    write_cache(path, decode)
    before = anonymous_kib()
    images, _ = open_cache(path, (3, 1024, 1024))
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
