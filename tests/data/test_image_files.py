"""What tests/field (A3, C3) and the tests of the cache do not say of it: orders, limits, memory and reports."""

from zlib import crc32

import pytest
from PIL import Image

from folders import gray_images, spoil
from saddle.data.image_file import Form
from saddle.data.image_files import ImageFiles

FORM = Form(8, 1, "crop", 255)


def files_in(root, limit=None, memory_mib=1, cache="cache") -> ImageFiles:
    return ImageFiles("data.root", str(root), FORM, limit, "skip", memory_mib, str(cache))


@pytest.fixture
def folder(tmp_path):
    root = gray_images(tmp_path / "own")
    spoil(root, "cats/00.png", "dogs/x.png")
    return root


def test_all_images_stand_in_the_order_of_their_names(folder):
    files = files_in(folder)
    assert files.kept() == sorted(f"{'cats' if index % 2 else 'dogs'}/{index:02d}.png" for index in range(12))
    assert [20 * int(name[5:7]) for name in files.kept()] == files.decoded(quiet=True).images[:, 0, 0, 0].tolist()


def test_a_larger_limit_includes_the_images_of_a_smaller_one(folder):
    kept = [files_in(folder, limit).kept() for limit in (3, 7, 12)]
    assert [len(names) for names in kept] == [3, 7, 12]
    assert kept[0] == kept[1][:3] == kept[2][:3]
    assert kept[1] == kept[2][:7]


def test_contents_are_names_sizes_and_checksums(tmp_path):
    gray_images(tmp_path)
    (tmp_path / "cats" / "01.png").replace(tmp_path / "z.png")
    name, size, checksum = files_in(tmp_path).contents()[-1]
    content = (tmp_path / "z.png").read_bytes()
    assert (name, size) == ("z.png", len(content))
    assert checksum == crc32(content)


def test_memory_counts_the_images_that_are_kept_and_none_that_stay_in_a_file(folder, tmp_path):
    assert files_in(folder).memory_bytes() == 14 * 64
    assert files_in(folder, limit=5).memory_bytes() == 5 * 64
    assert files_in(folder, limit=20).memory_bytes() == 14 * 64
    assert files_in(folder, memory_mib=0, cache=tmp_path / "cache").memory_bytes() == 0
    assert files_in(folder).decoded(quiet=True).prefetch is None
    assert files_in(folder, memory_mib=0, cache=tmp_path / "cache").decoded(quiet=True).prefetch is not None


def test_what_is_left_out_is_listed_once(folder, capsys):
    files = files_in(folder)
    files.report()
    first = capsys.readouterr().err
    assert first.startswith(f"2 of the 14 image files in {folder} are left out:\n  cats/00.png: ")
    assert len(first.splitlines()) == 3
    files.report()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("number", "limit", "is_worth"), [(60, None, False), (70, None, True), (70, 60, False)])
def test_some_seconds_of_decoding_are_worth_a_cache_however_few_bytes_they_are(tmp_path, number, limit, is_worth):
    drawing = Image.new("L", (1024, 1024))
    drawing.save(tmp_path / "0.png")
    for index in range(1, number):
        (tmp_path / f"{index}.png").hardlink_to(tmp_path / "0.png")
    assert files_in(tmp_path, limit)._is_worth_keeping() == is_worth
