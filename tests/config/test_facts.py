"""What is known of pictures and machine before a run is built."""

import pytest
from PIL import Image

from saddle.config import facts
from saddle.config.compose import compose
from saddle.config.facts import Facts


@pytest.fixture
def folder(tmp_path):
    for number in range(12):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
    return tmp_path


def sentence(*overrides):
    return compose(["experiment=pictures", "trainer=cpu", *overrides]).chosen.facts


def test_pictures_are_counted_and_measured_as_the_networks_see_them(folder, monkeypatch):
    monkeypatch.setattr(facts, "free_bytes", lambda: 3 * 2**30)
    own = f"data.root={folder}"
    assert sentence(own, "data.image_size=32") == (
        "12 image files, read as pictures of 32x32 pixels, 3 channels, no classes, on CPU with 3 GiB free"
    )
    assert sentence(own, "data.image_size=[16,24]", "data.channels=1", "data.limit=5").startswith(
        "5 image files, read as pictures of 16x24 pixels, 1 channel, no classes"
    )
    assert sentence(own, "data.limit=50").startswith("12 image files, read as pictures of 64x64 ")


def test_what_lies_in_no_folder_has_an_unknown_number(monkeypatch):
    monkeypatch.setattr(facts, "free_bytes", lambda: None)
    assert sentence("data=digits") == "pictures of 28x28 pixels, 1 channel, 10 classes, on CPU"


def test_a_rectangle_has_the_side_of_the_square_with_as_many_pixels():
    assert Facts(32, 128, 3, 0, None, False, None).side == 64
