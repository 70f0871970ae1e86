import numpy as np
import pytest
from PIL import Image

from saddle.error import InputError
from saddle.tool.image_files import read_images

PIXELS = np.random.default_rng(0).integers(0, 256, (120, 6, 6, 1), dtype=np.uint8)


def test_an_array_and_a_folder_of_files_give_the_same_images(tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS)
    (tmp_path / "png").mkdir()
    for number, image in enumerate(PIXELS):
        Image.fromarray(image[:, :, 0]).save(tmp_path / "png" / f"{number:06d}.png")
    first, second = read_images(tmp_path / "a.npz", 1, None), read_images(tmp_path / "png", 1, None)
    assert first.shape == (120, 1, 6, 6)
    assert np.array_equal(first.permute(0, 2, 3, 1).numpy(), PIXELS)
    assert np.array_equal(second.numpy(), first.numpy())
    assert np.array_equal(read_images(tmp_path / "a.npz", 1, 110).numpy(), first[:110].numpy())


def write(path, **arrays):
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("make", "channels", "num", "message"),
    [
        (lambda path: path.write_text("no"), 1, None, "expected an npz with an array `images`"),
        (lambda path: write(path, other=PIXELS), 1, None, "expected an npz with an array `images`"),
        (lambda path: write(path, images=np.array([{}])), 1, None, "expected an npz with an array `images`"),
        (lambda path: write(path, images=PIXELS / 255.0), 1, None, "expected `images` as uint8"),
        (lambda path: write(path, images=PIXELS), 3, None, "square images with 3 channels"),
        (lambda path: write(path, images=PIXELS[:, :4]), 1, None, "square images with 1 channels"),
        (lambda path: write(path, images=PIXELS), 1, 121, "--num 121: .* holds 120 images"),
        (lambda path: write(path, images=PIXELS[:99]), 1, None, "99 images are too few"),
    ],
)
def test_files_that_hold_something_else_are_refused(tmp_path, make, channels, num, message):
    make(tmp_path / "x.npz")
    with pytest.raises(InputError, match=message):
        read_images(tmp_path / "x.npz", channels, num)


def test_a_broken_file_is_named(tmp_path):
    Image.fromarray(PIXELS[0, :, :, 0]).save(tmp_path / "0.png")
    (tmp_path / "1.png").write_text("no image")
    with pytest.raises(InputError, match=r"1\.png: none of PNG"):
        read_images(tmp_path, 1, None)


@pytest.mark.parametrize(
    ("size", "message"),
    [((6, 4), "expected a square image, found 6 x 4 pixels"), ((7, 7), "expected 6 x 6 pixels, as 0.png has")],
)
def test_files_of_other_sizes_are_named_and_not_squeezed(tmp_path, size, message):
    Image.fromarray(PIXELS[0, :, :, 0]).save(tmp_path / "0.png")
    Image.new("L", size).save(tmp_path / "1.jpg")
    with pytest.raises(InputError, match=rf"1\.jpg: {message}"):
        read_images(tmp_path, 1, None)
