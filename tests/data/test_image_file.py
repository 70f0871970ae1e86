"""One picture file: which kinds are read, and how their colors and alpha become an image."""

import struct

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from saddle.data.image_file import BrokenImageError, Form, read_image

RGB = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
GRAY = RGB[..., 0]


def form(**changes) -> Form:
    return Form(**{"image_size": 16, "channels": 3, "fit": "crop", "background": 255, **changes})


def read(path, **changes) -> np.ndarray:
    """Pixels as (H, W, C), or (H, W) if gray."""
    image = read_image(path, form(**changes))
    assert (image.dtype, image.is_contiguous()) == (torch.uint8, True)
    return image.permute(1, 2, 0).numpy().squeeze()


def saved(folder, image: Image.Image, name: str = "image.png", **options):
    image.save(folder / name, **options)
    return folder / name


def gray_of(rgb: np.ndarray) -> np.ndarray:
    """ITU-R 601 luma, as Pillow rounds it."""
    return ((rgb.astype(np.int64) @ [19595, 38470, 7471] + 32768) >> 16).astype(np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.tiff", "a.ppm", "a.webp", "A.PNG"])
def test_colors_of_the_wanted_size_are_taken_verbatim(tmp_path, name):
    path = saved(tmp_path, Image.fromarray(RGB), name, **({"lossless": True} if name == "a.webp" else {}))
    assert np.array_equal(read(path), RGB)
    assert np.array_equal(read(path, channels=1), gray_of(RGB))


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.pgm", "a.gif"])
def test_gray_stays_gray(tmp_path, name):
    path = saved(tmp_path, Image.fromarray(GRAY), name)
    assert np.array_equal(read(path, channels=1), GRAY)
    assert np.array_equal(read(path), np.stack([GRAY] * 3, -1))


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_comes_close(tmp_path, name, mode):
    smooth = np.stack([np.add.outer(np.arange(16), np.arange(16)) * 8] * 3, -1).astype(np.uint8)
    path = saved(tmp_path, Image.fromarray(smooth).convert(mode), name, quality=95)
    assert np.abs(read(path).astype(int) - smooth).max() <= 4


def test_one_bit_palette_cmyk_ycbcr_and_lab(tmp_path):
    bits = GRAY > 127
    path = saved(tmp_path, Image.fromarray(bits), "a.png")
    assert np.array_equal(read(path, channels=1), np.where(bits, 255, 0))
    path = saved(tmp_path, Image.fromarray(RGB).quantize(16), "b.png")
    palette = Image.open(path)
    assert palette.mode == "P"
    assert np.array_equal(read(path), np.array(palette.getpalette()).reshape(-1, 3)[np.array(palette)])
    inks = Image.fromarray(np.concatenate([RGB, np.zeros((16, 16, 1), np.uint8)], -1), "CMYK")
    assert np.array_equal(read(saved(tmp_path, inks, "c.tif")), 255 - RGB)
    ycbcr = Image.fromarray(RGB).convert("YCbCr")
    assert np.abs(read(saved(tmp_path, ycbcr, "d.tif")).astype(int) - RGB).max() <= 3
    lab = Image.new("LAB", (16, 16), (128, 128, 128))  # L* of 50 percent, no color: sRGB 119
    path = saved(tmp_path, lab, "e.tif")
    assert np.abs(read(path).astype(int) - 119).max() <= 2
    assert np.abs(read(path, channels=1).astype(int) - 119).max() <= 2


@pytest.mark.parametrize("background", [0, 77, 255])
def test_transparency_shows_the_background(tmp_path, background):
    alpha = np.full((16, 16), 255, np.uint8)
    alpha[:8], alpha[8:12] = 0, 102  # 0.4
    path = saved(tmp_path, Image.fromarray(np.dstack([RGB, alpha])))
    mixed = np.where(alpha[..., None] / 255 == 0.4, np.round(0.4 * RGB + 0.6 * background), RGB)
    expected = np.where(alpha[..., None] == 0, background, mixed)
    assert np.abs(read(path, background=background) - expected).max() <= 1
    assert np.array_equal(read(path, background=background)[12:], RGB[12:])
    path = saved(tmp_path, Image.merge("LA", [Image.fromarray(GRAY), Image.fromarray(alpha)]), "la.png")
    found = read(path, channels=1, background=background)
    assert (found[:8] == background).all()
    assert np.array_equal(found[12:], GRAY[12:])


def test_one_transparent_color_shows_the_background(tmp_path):
    holes = GRAY < 128
    flat = np.where(holes[..., None], 7, 200).astype(np.uint8).repeat(3, -1)
    expected = np.where(holes, 90, 200)
    palette = Image.fromarray(holes.astype(np.uint8), "P")
    palette.putpalette([200, 200, 200, 7, 7, 7])
    saved(tmp_path, palette, "p.png", transparency=1)
    saved(tmp_path, palette, "p.gif", transparency=1)
    saved(tmp_path, palette, "bytes.png", transparency=bytes([255, 0]))
    saved(tmp_path, Image.fromarray(flat), "rgb.png", transparency=(7, 7, 7))
    saved(tmp_path, Image.fromarray(flat[..., 0]), "l.png", transparency=7)
    deep = Image.fromarray(flat[..., 0].astype(np.uint16) * 257)
    saved(tmp_path, deep, "deep.png", transparency=7 * 257)
    for path in sorted(tmp_path.iterdir()):
        assert np.array_equal(read(path, channels=1, background=90), expected), path.name


def test_transparent_colors_do_not_bleed_when_resized(tmp_path):
    picture = np.zeros((32, 32, 4), np.uint8)
    picture[:, :16] = (0, 255, 0, 0)  # invisible green
    picture[:, 16:] = (255, 255, 255, 255)
    assert (read(saved(tmp_path, Image.fromarray(picture))) == 255).all()


@pytest.mark.parametrize(("name", "kind"), [("a.png", "<u2"), ("a.tif", "<u2"), ("b.tif", ">u2"), ("a.pgm", "<u2")])
def test_sixteen_bit_gray_is_divided_by_257(tmp_path, name, kind):
    levels = np.random.default_rng(2).integers(0, 65536, (16, 16)).astype(kind)
    levels[0, :4] = 0, 128, 129, 65535
    image = Image.frombytes("I;16B" if kind == ">u2" else "I;16", (16, 16), levels.tobytes())
    if name == "b.tif":
        (tmp_path / name).write_bytes(big_endian_tiff(levels))
    else:
        saved(tmp_path, image, name)
    expected = np.round(levels.astype(int) / 257)
    assert np.array_equal(read(tmp_path / name, channels=1), expected)
    assert np.array_equal(read(tmp_path / name)[..., 2], expected)


def big_endian_tiff(levels: np.ndarray) -> bytes:
    tags = [(256, 16), (257, 16), (258, 16), (259, 1), (262, 1), (273, 8 + 2 + 12 * 9 + 4), (277, 1), (278, 16)]
    tags.append((279, levels.nbytes))
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags)
    return b"MM\0*" + struct.pack(">IH", 8, len(tags)) + entries + bytes(4) + levels.tobytes()


def test_thirty_two_bits_count_as_sixteen_where_they_fit_and_are_refused_beyond(tmp_path):
    levels = np.linspace(0, 65535, 256).astype(np.int32).reshape(16, 16)
    path = saved(tmp_path, Image.fromarray(levels), "fits.tif")
    assert np.array_equal(read(path, channels=1), np.round(levels / 257))
    for odd in (levels + 1, levels - 1):
        with pytest.raises(BrokenImageError, match="^32-bit pixels of unknown range$"):
            read(saved(tmp_path, Image.fromarray(odd), "beyond.tif"))
    with pytest.raises(BrokenImageError, match="^float pixels of unknown range$"):
        read(saved(tmp_path, Image.fromarray(levels.astype(np.float32)), "float.tif"))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.webp", "deep.png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, name, orientation):
    stored = np.full((16, 16), 40, np.uint8)
    stored[:8, :8], stored[:8, 8:] = 220, 130  # of each block of 8x8 one level
    turned = {1: "", 2: "h", 3: "hv", 4: "v", 5: "t", 6: "th", 7: "thv", 8: "tv"}[orientation]
    expected = stored
    for step in turned:
        expected = {"h": np.fliplr, "v": np.flipud, "t": np.transpose}[step](expected)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(stored if name == "a.webp" or name != "deep.png" else stored.astype(np.uint16) * 257)
    path = saved(tmp_path, image, name, exif=exif)
    assert np.abs(read(path, channels=1).astype(int) - expected).max() <= 3


def test_damaged_exif_does_not_spoil_the_image(tmp_path):
    path = saved(tmp_path, Image.fromarray(RGB), exif=b"Exif\0\0this is no metadata")
    assert np.array_equal(read(path), RGB)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif", "camera.jpg"])
def test_of_several_frames_the_first_is_taken(tmp_path, name):
    frames = [Image.new("RGB", (16, 16), (level,) * 3) for level in (200, 100, 0)]
    kind = {"format": "MPO"} if name == "camera.jpg" else {}  # what some cameras write
    path = saved(tmp_path, frames[0], name, save_all=True, append_images=frames[1:], **kind)
    assert np.abs(read(path).astype(int) - 200).max() <= 1


def test_fits(tmp_path):
    wide = np.zeros((16, 48, 3), np.uint8)
    wide[:, 16:32], wide[:, 32:] = RGB, 255
    path = saved(tmp_path, Image.fromarray(wide))
    assert np.array_equal(read(path), RGB)  # the middle, pixel for pixel
    turned = saved(tmp_path, Image.fromarray(wide.swapaxes(0, 1)), "tall.png")
    assert np.array_equal(read(turned), RGB.swapaxes(0, 1))
    flat = saved(tmp_path, Image.new("RGB", (48, 16), (10, 20, 30)), "flat.png")
    padded = read(flat, fit="pad", background=99)
    assert (padded[5:10] == (10, 20, 30)).all()
    assert (padded[:5] == 99).all()
    assert (padded[10:] == 99).all()
    assert (read(flat, fit="stretch") == (10, 20, 30)).all()
    left = wide.copy()
    left[:, :16] = 128
    stretched = read(saved(tmp_path, Image.fromarray(left), "left.png"), fit="stretch")
    assert np.abs(stretched[:, :4].astype(int) - 128).max() <= 1  # a third of the width is still a third
    assert (stretched[:, 12:] > 240).all()
    line = saved(tmp_path, Image.new("L", (400, 1), 0), "line.png")
    assert (read(line, fit="pad", channels=1) == 0).sum() == 16
    assert (read(line, channels=1) == 0).all()


def test_rectangles_are_the_largest_part_or_the_whole_on_a_ground(tmp_path):
    picture = np.random.default_rng(2).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    path = saved(tmp_path, Image.fromarray(picture))
    assert np.array_equal(read(path, image_size=[20, 40]), picture)
    assert np.array_equal(read(path, image_size=[20, 30]), picture[:, 5:35])
    assert np.array_equal(read(path, image_size=[10, 40]), picture[5:15])
    assert read(path, image_size=[40, 10]).shape == (40, 10, 3)
    for fit in ("crop", "stretch"):
        half = Image.fromarray(picture).resize((20, 10), Image.Resampling.BICUBIC)
        assert np.array_equal(read(path, image_size=[10, 20], fit=fit), np.asarray(half))
    wide = read(path, image_size=[20, 50], fit="pad", background=9)
    assert np.array_equal(wide[:, 5:45], picture)
    assert (wide[:, :5] == 9).all()
    assert (wide[:, 45:] == 9).all()
    tall = read(path, image_size=[30, 40], fit="pad", background=9)
    assert np.array_equal(tall[5:25], picture)
    assert (tall[:5] == 9).all()


@pytest.mark.parametrize("size", [(64, 16), (16, 64)])
def test_large_jpegs_for_rectangles_stay_sharp_when_they_lie_on_their_side(tmp_path, size):
    across = size[0] > size[1]
    rows, columns = np.indices((1600, 256) if across else (256, 1600))  # and then a quarter turn
    waves = 128 + 90 * np.sin((columns if across else rows) / 4)
    mark = Image.Exif()
    mark[0x0112] = 6
    small = saved(tmp_path, Image.fromarray(waves.astype(np.uint8)), "a.jpg", quality=95, exif=mark)
    whole = saved(tmp_path, ImageOps.exif_transpose(Image.open(small)), "a.png")
    pixels = [read(path, channels=1, image_size=size, fit="stretch").astype(int) for path in (small, whole)]
    assert np.abs(pixels[0] - pixels[1]).max() <= 6
    assert pixels[1].std() > 30  # the waves are there to be lost


def test_alpha_is_kept_with_the_colors_that_are_seen(tmp_path):
    picture = np.dstack([RGB, np.arange(256, dtype=np.uint8).reshape(16, 16)])
    expected = np.where(picture[..., 3:] == 0, 0, picture)
    image = Image.fromarray(picture)
    for name, options in {"a.png": {}, "a.webp": {"lossless": True, "exact": True}, "a.tif": {}}.items():
        assert np.array_equal(read(saved(tmp_path, image, name, **options), channels=4), expected), name
    gray = saved(tmp_path, image.convert("LA"), "la.png")
    assert np.array_equal(read(gray, channels=4)[..., 3], picture[..., 3])
    opaque = read(saved(tmp_path, Image.fromarray(RGB), "rgb.png"), channels=4)
    assert np.array_equal(opaque, np.dstack([RGB, np.full((16, 16), 255, np.uint8)]))
    holes = Image.fromarray((GRAY < 128).astype(np.uint8), "P")
    holes.putpalette([200, 100, 50, 7, 7, 7])
    for name in ("p.png", "p.gif"):
        found = read(saved(tmp_path, holes, name, transparency=1), channels=4)
        assert np.array_equal(found, np.where(GRAY[..., None] < 128, 0, np.uint8([200, 100, 50, 255])))


def test_what_nobody_sees_bleeds_into_nothing_and_a_ground_is_transparent(tmp_path):
    picture = np.zeros((32, 32, 4), np.uint8)
    picture[:, :15] = (0, 255, 0, 0)  # invisible green
    picture[:, 15:] = (200, 100, 0, 255)
    path = saved(tmp_path, Image.fromarray(picture))
    small = read(path, channels=4)
    assert 0 < small[8, 7, 3] < 255
    seen = small[small[..., 3] > 30]
    assert np.abs(seen[:, :3].astype(int) - (200, 100, 0)).max() <= 10  # a bicubic filter overshoots
    padded = read(path, channels=4, image_size=[32, 40], fit="pad", background=77)
    assert (padded[:, :4] == 0).all()
    assert (padded[:, 20:36] == (200, 100, 0, 255)).all()


def test_shrinking_is_smooth_and_growing_keeps_levels(tmp_path):
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    path = saved(tmp_path, Image.fromarray(checks.astype(np.uint8)))
    assert np.abs(read(path, channels=1).astype(int) - 127).max() <= 8  # no moire
    small = saved(tmp_path, Image.new("RGB", (5, 5), (1, 2, 3)), "small.png")
    assert (read(small) == (1, 2, 3)).all()


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_large_jpegs_are_shrunk_as_if_decoded_in_full(tmp_path, fit):
    rows, columns = np.indices((400, 700))
    waves = 128 + 60 * np.sin(rows / 40) + 60 * np.cos(columns / 50)
    picture = np.stack([waves, 255 - waves, rows / 2], -1).astype(np.uint8)
    small = saved(tmp_path, Image.fromarray(picture), "a.jpg", quality=95)
    whole = saved(tmp_path, Image.open(small), "a.png")
    difference = np.abs(read(small, fit=fit).astype(int) - read(whole, fit=fit))
    assert 0 < difference.max() <= 4
