"""What the table of `experiment=pictures` says of how pictures are read."""

import pytest
from PIL import Image

from saddle.config.compose import compose


@pytest.fixture
def folder(tmp_path):
    for number in range(12):
        (tmp_path / "pictures" / f"kind {number % 2}").mkdir(parents=True, exist_ok=True)
        alpha = 0 if number == 10 else 255
        picture = Image.new("RGBA", (8, 8), (number, 0, 0, alpha))
        picture.save(tmp_path / "pictures" / f"kind {number % 2}" / f"{number}.png")
    return tmp_path / "pictures"


def read(folder, *overrides):
    return compose(["experiment=pictures", f"data.root={folder}", *overrides]).chosen.read


def test_sub_folders_and_transparency_are_seen_with_what_uses_them(folder):
    rows = read(folder)
    assert list(rows) == ["data.fit", "data.channels", "data.classes", "data.flip"]
    assert rows["data.classes"] == (0, "no labels; 2 sub-folders: data.classes=2 makes them classes")
    assert rows["data.channels"] == (3, "colors; transparent pixels become white, and data.channels=4 keeps them")
    assert "become gray level 7," in read(folder, "data.background=7", "data.channels=1")["data.channels"][1]
    assert read(folder, "data.channels=4", "data.classes=2")["data.channels"] == (4, "colors and transparency")
    assert read(folder, "data.channels=4", "data.classes=2")["data.classes"] == (2, "each sub-folder is a class")


def test_opaque_pictures_with_alpha_and_pictures_beside_folders_promise_nothing(folder):
    (folder / "kind 0" / "10.png").unlink()
    (folder / "loose.png").write_bytes((folder / "kind 0" / "0.png").read_bytes())
    rows = read(folder)
    assert rows["data.classes"][1] == "no labels"
    assert rows["data.channels"][1] == "colors"


def test_data_that_lies_in_no_folder_has_no_rows_of_reading():
    assert compose(["experiment=pictures", "data=digits"]).chosen.read == {}
