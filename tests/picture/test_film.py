import pytest
from PIL import Image, ImageSequence

from saddle.picture.film import LAST_FRAME_FACTOR, frames, write_film


@pytest.fixture
def pictures(tmp_path):
    """Plain grays, brighter and brighter; the first is smaller."""
    paths = []
    for iteration, size, gray in ((0, (40, 20), 50), (10, (80, 60), 100), (1200, (80, 60), 150)):
        paths.append(tmp_path / f"{iteration:08d}.png")
        Image.new("L", size, gray).save(paths[-1])
    return paths


def test_frames_are_as_large_as_the_last_picture_and_a_line(pictures):
    images = frames(pictures)
    assert [image.size for image in images] == [(80, 76)] * 3
    assert [image.getpixel((5, 5)) for image in images] == [(50,) * 3, (100,) * 3, (150,) * 3]
    assert images[0].getpixel((60, 40)) == (128,) * 3  # beside the smaller picture
    lines = {image.crop((0, 60, 80, 76)).tobytes() for image in images}
    assert len(lines) == 3


@pytest.mark.parametrize("name", ["film.gif", "film.WEBP"])
def test_a_film_has_the_length_asked_for_and_stays_on_its_last_frame(pictures, tmp_path, name):
    write_film(frames(pictures), tmp_path / name, seconds=3.0)
    with Image.open(tmp_path / name) as film:
        durations = []
        for frame in ImageSequence.Iterator(film):
            frame.load()
            durations.append(frame.info["duration"])
    assert durations == [500, 500, 500 * LAST_FRAME_FACTOR]


def test_a_grid_of_an_older_version_is_shown_as_large_as_the_last_one(tmp_path):
    for name, size, gray in (("1", (242, 240), 50), ("2", (690, 690), 100)):  # the gaps of both are 2 pixels wide
        Image.new("L", size, gray).save(tmp_path / f"{name}.png")
    images = frames([tmp_path / "1.png", tmp_path / "2.png"], scale=2)
    assert [image.size for image in images] == [(1380, 1396)] * 2
    assert [image.getpixel((1379, 1379)) for image in images] == [(50,) * 3, (100,) * 3]
