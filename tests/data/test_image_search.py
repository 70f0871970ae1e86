"""What tests/field (A3, A8, D9) does not say of it: links, order, counts, and folders above that are closed."""

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from saddle.data.image_search import Search, counted, image_names, search, some
from systems import posix


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (4, 4)).save(path)


def test_names_are_relative_and_in_one_order_on_every_system(tmp_path):
    for name in ("b/10.png", "b/9.png", "a/deep/1.png", "Z.png", "c.png", ".hidden.png", ".hidden/1.png"):
        picture(tmp_path / name)
    assert search(tmp_path).names == ["Z.png", "a/deep/1.png", "b/10.png", "b/9.png", "c.png"]


@posix
def test_links_are_followed_and_each_folder_is_visited_once(tmp_path):
    picture(tmp_path / "outside" / "1.png")
    picture(tmp_path / "own" / "cats" / "2.png")
    (tmp_path / "own" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "own" / "twice").symlink_to(tmp_path / "outside")
    (tmp_path / "own" / "cats" / "circle").symlink_to(tmp_path / "own")
    (tmp_path / "own" / "nothing").symlink_to(tmp_path / "gone")
    found = search(tmp_path / "own")
    assert found.names == ["cats/2.png", "link/1.png"]
    assert not found.others


@pytest.mark.parametrize("name", ["samples", "cache"])
def test_a_folder_above_that_may_not_be_listed_changes_nothing(tmp_path, monkeypatch, name):
    root = tmp_path / "shared" / name / "mine"
    picture(root / "1.png")
    listed = Path.iterdir

    def refuse(self):
        if self == tmp_path / "shared":
            raise PermissionError(13, "Permission denied", str(self))
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert image_names(root) == ["1.png"]


def test_remarks_count_what_is_left_out():
    found = Search([], Counter({".heic": 2, ".psd": 1}), {"run/samples": 3, "old/samples": 1})
    assert found.remarks(Path("own")) == [
        "4 pictures that saddle made in own left out: in run/samples/, old/samples/",
        "3 files of kinds that cannot be opened in own left out: 2 .heic, 1 .psd",
    ]
    assert Search().remarks(Path("own")) == []


def test_numbers_and_lists_in_messages():
    assert [counted(number, "file", "left out") for number in (1, 2)] == ["1 file left out", "2 files left out"]
    assert some(["a", "b\n"]) == r"a, b\n"
    assert some([str(number) for number in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
