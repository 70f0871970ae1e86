"""Reads one image file of any common format into pixels of a given form, and refuses files that it cannot trust."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from saddle.bound import Byte, Side

EXTENSIONS = ("png", "jpg", "jpeg", "bmp", "gif", "tif", "tiff", "webp", "ppm", "pgm")
"""Extensions of image files, in lower case."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")  # no other decoder is tried: EPS runs a program
_BOMBS = (Image.DecompressionBombWarning, Image.DecompressionBombError)

Fit = Literal["crop", "pad", "stretch"]


class BrokenImageError(Exception):
    """A file does not hold a usable image; the message says why."""


@dataclass(frozen=True)
class Form:
    """The form of decoded images: `channels` (1 or 3) planes of `image_size` x `image_size` pixels.

    `fit` says how other images become square: `crop` takes the square in the middle, `pad` puts the whole image on a
    background of gray level `background`, `stretch` changes the proportions. Transparent pixels show the `background`.
    They are filled in before the image is resized.
    """

    image_size: Side
    channels: Literal[1, 3]
    fit: Fit
    background: Byte


def read_image(path: Path, form: Form) -> Tensor:
    """The first frame of an image file in the given form, uint8 (C, S, S), rotated by its EXIF orientation.

    If the image already has the right size, its pixels are not changed. Otherwise it is resampled bicubically, with
    antialiasing. A much larger JPEG is first decoded at a half, quarter or eighth of its size, which the format does
    directly. 16-bit gray levels are divided by 257.

    Raises BrokenImageError, with the reason, if the file is damaged, has an unknown format or range of values, or has
    more pixels than Pillow's limit against decompression bombs.
    """
    try:
        if not path.is_file():  # a dangling link, or a pipe, which would block
            raise BrokenImageError("not a file")
        if path.stat().st_size == 0:
            raise BrokenImageError("empty file")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                image.draft(None, (2 * form.image_size, 2 * form.image_size))  # six times faster for much larger JPEGs
                image.load()
                opaque = _opaque(_eight_bit(_upright(image)), form.background)
                square = _square(_colored(opaque, form), form)
    except BrokenImageError:
        raise
    except Exception as error:  # Pillow's parsers raise almost anything on damaged files
        raise BrokenImageError(_reason(error)) from error
    pixels = torch.from_numpy(np.array(square))
    return pixels.view(form.image_size, form.image_size, form.channels).permute(2, 0, 1).contiguous()


def _reason(error: Exception) -> str:
    """The reason for the user, on one line."""
    if isinstance(error, _BOMBS):
        return f"more than {Image.MAX_IMAGE_PIXELS:,} pixels, so it was not decoded"
    if isinstance(error, UnidentifiedImageError):
        return f"none of {', '.join(_FORMATS)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def _upright(image: Image.Image) -> Image.Image:
    """The image rotated by its EXIF orientation; unchanged if the metadata cannot be read."""
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # as above, but the pixels were read without an error
        orientation = 1
    return image if orientation == 1 else ImageOps.exif_transpose(image)


def _eight_bit(image: Image.Image) -> Image.Image:
    """The image with 16-bit gray levels reduced to 8 bits; other images are unchanged."""
    if image.mode == "F":
        raise BrokenImageError("float pixels of unknown range")
    if not image.mode.startswith("I"):
        return image
    levels = np.asarray(image).astype(np.int64)
    if levels.min() < 0 or levels.max() > 65535:
        raise BrokenImageError("32-bit pixels of unknown range")
    gray = Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    if "transparency" in image.info:
        alpha = np.where(levels == image.info["transparency"], 0, 255).astype(np.uint8)
        gray = Image.merge("LA", (gray, Image.fromarray(alpha)))
    return gray


def _opaque(image: Image.Image, background: int) -> Image.Image:
    """The image in mode L or RGB, with gray level `background` behind transparent pixels."""
    if not image.has_transparency_data:
        return image if image.mode == "L" else image.convert("RGB")
    foreground = image.convert("RGBA")
    behind = Image.new("RGBA", foreground.size, (background, background, background, 255))
    return Image.alpha_composite(behind, foreground).convert("RGB")


def _colored(image: Image.Image, form: Form) -> Image.Image:
    return image.convert("L" if form.channels == 1 else "RGB")


def _square(image: Image.Image, form: Form) -> Image.Image:
    """The image with `image_size` x `image_size` pixels, by way of `fit`."""
    size = form.image_size
    if form.fit == "pad":
        return _padded(image, form)
    if form.fit == "crop":
        width, height = image.size
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    return _resized(image, (size, size))


def _padded(image: Image.Image, form: Form) -> Image.Image:
    """The whole image, its longer side resized to `image_size`, in the middle of the background."""
    size = form.image_size
    width, height = image.size
    longer = max(width, height)
    inner = _resized(image, (max(1, round(width * size / longer)), max(1, round(height * size / longer))))
    level = form.background
    result = Image.new(image.mode, (size, size), level if form.channels == 1 else (level, level, level))
    result.paste(inner, ((size - inner.width) // 2, (size - inner.height) // 2))
    return result


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
