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
    first, second = read_images(tmp_path / "a.npz", 1, 6, None), read_images(tmp_path / "png", 1, 6, None)
    assert first.shape == (120, 1, 6, 6)
    assert np.array_equal(first.permute(0, 2, 3, 1).numpy(), PIXELS)
    assert np.array_equal(second.numpy(), first.numpy())
    assert np.array_equal(read_images(tmp_path / "a.npz", 1, 6, 110).numpy(), first[:110].numpy())


def write(path, **arrays):
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("make", "channels", "num", "message"),
    [
        (lambda path: path.write_text("no"), 1, None, "expected an npz with an array `images`"),
        (lambda path: write(path, other=PIXELS), 1, None, "expected an npz with an array `images`"),
        (lambda path: write(path, images=np.array([{}])), 1, None, "expected an npz with an array `images`"),
        (lambda path: write(path, images=PIXELS / 255.0), 1, None, "expected `images` as uint8"),
        (lambda path: write(path, images=PIXELS), 3, None, "expected images with 3 channels, found 1"),
        (lambda path: write(path, images=PIXELS[:, :4]), 1, None, "expected a square image, found 6 x 4 pixels"),
        (lambda path: write(path, images=PIXELS), 1, 121, "--num 121: .* holds 120 images"),
        (lambda path: write(path, images=PIXELS[:99]), 1, None, "99 images are too few"),
    ],
)
def test_files_that_hold_something_else_are_refused(tmp_path, make, channels, num, message):
    make(tmp_path / "x.npz")
    with pytest.raises(InputError, match=message):
        read_images(tmp_path / "x.npz", channels, 6, num)


def test_a_broken_file_is_named(tmp_path):
    Image.fromarray(PIXELS[0, :, :, 0]).save(tmp_path / "0.png")
    (tmp_path / "1.png").write_text("no image")
    with pytest.raises(InputError, match=r"1\.png: none of PNG"):
        read_images(tmp_path, 1, 6, None)


@pytest.mark.parametrize(
    ("size", "message"),
    [((6, 4), "expected a square image, found 6 x 4 pixels"), ((7, 7), "expected 6 x 6 pixels, as 0.png has")],
)
def test_files_of_other_sizes_are_named_and_not_squeezed(tmp_path, size, message):
    Image.fromarray(PIXELS[0, :, :, 0]).save(tmp_path / "0.png")
    Image.new("L", size).save(tmp_path / "1.jpg")
    with pytest.raises(InputError, match=rf"1\.jpg: {message}"):
        read_images(tmp_path, 1, 6, None)


def test_rectangles_with_alpha_are_those_of_the_data_at_any_size(tmp_path):
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (100, 4, 6, 4), dtype=np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    np.savez(tmp_path / "a.npz", images=pixels)
    (tmp_path / "png").mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / "png" / f"{number:06d}.png")
    for place in ("a.npz", "png"):
        images = read_images(tmp_path / place, 4, [64, 96], None)
        assert np.array_equal(images.permute(0, 2, 3, 1).numpy(), pixels)
        with pytest.raises(InputError, match=r"the proportions of data.image_size=\[96, 64\], found 6 x 4 pixels"):
            read_images(tmp_path / place, 4, [96, 64], None)
