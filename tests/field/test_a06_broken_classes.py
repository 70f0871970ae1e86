"""A6: classes are counted by the images that can be read, not by names of files."""

import pytest
import torch

from folders import data_of, gray_images, read, spoil
from saddle.error import InputError
from saddle.picture.png import write_png


def broken(root):
    spoil(root, "birds/a.png", "birds/b.jpg")


def empty(root):
    (root / "birds").mkdir()
    (root / "birds" / "a.png").write_bytes(b"")


def generated(root):
    (root / "birds").mkdir()
    write_png(torch.zeros(1, 8, 8, dtype=torch.uint8), root / "birds" / "a.png")


@pytest.mark.parametrize("memory_mib", [0, 1])
@pytest.mark.parametrize(
    ("spoilt", "reason"), [(broken, "none of PNG"), (empty, "empty file"), (generated, "saddle made it")]
)
def test_a_class_without_an_image_that_can_be_read_is_no_class(tmp_path, spoilt, reason, memory_mib):
    root = gray_images(tmp_path / "own")
    spoilt(root)
    changes = {"memory_mib": memory_mib, "cache": str(tmp_path / "cache")}
    with pytest.raises(InputError) as refused:
        read(root, classes=3, **changes)
    said = str(refused.value)
    assert said.startswith("data.classes=3, but no image of the class birds in ")
    assert "(birds/a.png: " + reason in said
    assert said.endswith("repair it, or use data.classes=2")
    data = read(root, classes=2, **changes)
    assert data.class_names == ["cats", "dogs"]
    assert sorted(data.training()[1].tolist()) == [0] * 6 + [1] * 6
    with pytest.raises(InputError, match=r"has 2 sub-folders with images \(cats, dogs\): use data.classes=2"):
        data_of(root, classes=4)


def test_a_class_with_one_sound_image_among_broken_ones_stays(tmp_path):
    root = gray_images(tmp_path / "own")
    spoil(root, *(f"cats/{index:02d}.png" for index in (1, 3, 5, 7, 9)))
    assert sorted(read(root, classes=2).training()[1].tolist()) == [0] + [1] * 6


def test_a_limit_that_leaves_a_class_out_is_no_broken_class(tmp_path):
    assert len(read(gray_images(tmp_path / "own"), classes=2, limit=2).training()[1]) == 2
