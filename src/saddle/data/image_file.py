"""One image file, of any common kind, to pixels of the wanted form; what cannot be trusted is named as broken."""

import math
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError, features
from torch import Tensor

from saddle.alpha import CHANNELS
from saddle.bound import Byte, ImageSize, height_and_width
from saddle.layout import SOFTWARE

EXTENSIONS = (
    *("png", "apng", "jpg", "jpeg", "jpe", "jfif", "bmp", "gif", "tif", "tiff", "webp"),
    *("ppm", "pgm", "pbm", "pnm", "avif"),
)
"""Ends of the names of image files, in small letters."""

_OPTIONAL = ("AVIF",) if "avif" in features.get_supported() else ()

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", *_OPTIONAL)
"""What Pillow may decode: no other decoder sees a file (EPS runs a program)."""

_EXIF_SOFTWARE = 0x0131

T = TypeVar("T")

Fit = Literal["crop", "pad", "stretch"]


class BrokenImageError(Exception):
    """A file holds no image that can be used; the message says why."""


@dataclass(frozen=True)
class Form:
    """What images are brought to: pixels of `image_size` in `channels`: 1 is gray, 3 are colors, 4 colors and alpha.

    `fit` says what happens to an image of other proportions, such as a photograph for squares: `crop` takes the largest
    part in its middle that has the right ones, `pad` puts the whole image on a ground of gray level `background`, and
    `stretch` changes its proportions. Transparent pixels show the `background`, before anything is resized.

    With 4 channels they stay transparent, as is the ground of `pad`. Resizing weighs colors by alpha, and colors that
    nobody sees are 0.
    """

    image_size: ImageSize
    channels: Literal[1, 3, 4]
    fit: Fit
    background: Byte


class Picture(NamedTuple):
    """An image that was read from a file."""

    pixels: Tensor
    """uint8 (C, H, W), in the wanted form."""
    size: int
    """The bytes of the file."""
    checksum: int
    """The CRC-32 of the file."""
    is_own: bool
    """Whether saddle made the image: a grid, a sample, a film."""


def read_image(path: Path, form: Form) -> Tensor:
    """The first frame of an image file in the wanted form, uint8 (C, H, W), turned as its EXIF orientation says.

    An image that has the wanted size already keeps its pixels; others are resampled bicubically, with antialiasing
    (a JPEG far larger than that from a half, quarter or eighth of its size, which its format gives directly).
    16-bit gray levels are divided by 257. Raises BrokenImageError, with the reason, for what is no sound image of a
    known format and range, or announces more pixels than Pillow's limit against decompression bombs.
    """
    with quiet_pillow():
        return read_picture(path, form).pixels


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Inside, Pillow does not warn of odd metadata and of large images, which `read_picture` refuses by itself.

    Python's filters of warnings are of the whole process, so this stands around threads that read, not inside them.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def read_picture(path: Path, form: Form) -> Picture:
    """The image of `read_image`, with what else its file tells; for use inside `quiet_pillow`, by any thread."""
    try:
        if not path.is_file():  # a link to nothing, or a pipe that would hang
            raise BrokenImageError("not a file")
        content = path.read_bytes()
        if not content:
            raise BrokenImageError("empty file")
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
                raise Image.DecompressionBombError
            longer = max(height_and_width(form.image_size))  # of both, because a JPEG may be turned later
            image.draft(None, (2 * longer, 2 * longer))  # far larger JPEGs: six times faster
            image.load()
            fitted = _fitted(_colored(_eight_bit(_upright(image)), form), form)
            is_own = _is_own(image)
    except BrokenImageError:
        raise
    except Exception as error:  # on damaged files Pillow raises whatever its parsers stumble over
        raise BrokenImageError(_reason(error)) from error
    pixels = np.array(fitted).reshape(fitted.height, fitted.width, form.channels)
    if form.channels == CHANNELS:
        pixels[pixels[..., 3] == 0] = 0
    return Picture(torch.from_numpy(pixels).permute(2, 0, 1).contiguous(), len(content), zlib.crc32(content), is_own)


def is_own_picture(path: Path) -> bool:
    """Whether saddle made the image in a file; false for what is no image."""
    return bool(_from_header(path, _is_own))


def pixels_in(path: Path) -> int:
    """The number of pixels that the header of an image file announces; 0 for what is no image."""
    return _from_header(path, lambda image: image.width * image.height) or 0


def is_transparent(path: Path) -> bool:
    """Whether an image is transparent somewhere; false for what is no image."""
    return bool(_from_header(path, _shows_its_ground))


def _shows_its_ground(image: Image.Image) -> bool:
    return image.has_transparency_data and bool((np.asarray(image.convert("RGBA"))[..., 3] < 255).any())


def _from_header(path: Path, read: Callable[[Image.Image], T]) -> T | None:
    """What `read` finds in an image that is not decoded; None for what is no image."""
    if not path.is_file():  # a pipe would hang
        return None
    with quiet_pillow():
        try:
            with Image.open(path, formats=FORMATS) as image:
                return read(image)
        except Exception:  # as above
            return None


def _is_own(image: Image.Image) -> bool:
    """Whether an image bears the mark that `saddle.picture` leaves in PNG, GIF and WebP."""
    if SOFTWARE in (image.info.get("Software"), image.info.get("comment")):
        return True
    if image.info.get("comment") == SOFTWARE.encode():
        return True
    return image.format == "WEBP" and "exif" in image.info and image.getexif().get(_EXIF_SOFTWARE) == SOFTWARE


def _reason(error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {Image.MAX_IMAGE_PIXELS:,} pixels, so it was not decoded"
    if isinstance(error, UnidentifiedImageError):
        return f"none of {', '.join(FORMATS)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the EXIF orientation says; metadata that cannot be read turns nothing."""
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # as above; the pixels are sound
        orientation = 1
    return image if orientation == 1 else ImageOps.exif_transpose(image)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Gray levels of 16 bits as levels of 8; other images as they are."""
    if image.mode == "F":
        raise BrokenImageError("float pixels of unknown range")
    if not image.mode.startswith("I"):
        return image
    levels = np.asarray(image).astype(np.int64)
    if levels.min() < 0 or levels.max() > 65535:
        raise BrokenImageError("32-bit pixels of unknown range")
    gray = Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    if "transparency" in image.info:
        seen = Image.fromarray(np.where(levels == image.info["transparency"], 0, 255).astype(np.uint8))
        gray = Image.merge("LA", (gray, seen))
    return gray


def _opaque(image: Image.Image, background: int) -> Image.Image:
    """In mode L or RGB, laid over gray level `background` where it is transparent."""
    if not image.has_transparency_data:
        return image if image.mode == "L" else image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, (background,) * 3 + (255,)), layer).convert("RGB")


def _colored(image: Image.Image, form: Form) -> Image.Image:
    """In the mode of the form's channels."""
    if form.channels == CHANNELS:
        return (image if image.has_transparency_data else image.convert("RGB")).convert("RGBA")
    return _opaque(image, form.background).convert("L" if form.channels == 1 else "RGB")


def _fitted(image: Image.Image, form: Form) -> Image.Image:
    """The image in the form's size, by the form's fit."""
    height, width = height_and_width(form.image_size)
    if form.fit == "crop":
        image = _middle(image, height, width)
    if form.fit != "pad":
        return _resized(image, (width, height))
    inner = _resized(image, _within(image.size, height, width))
    ground = Image.new(image.mode, (width, height), _ground(form))
    ground.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
    return ground


def _middle(image: Image.Image, height: int, width: int) -> Image.Image:
    """The largest part in the middle of the image with the proportions of `height` and `width`."""
    if image.width * height > width * image.height:
        size = max(1, round(image.height * width / height)), image.height
    else:
        size = image.width, max(1, round(image.width * height / width))
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 2
    return image.crop((left, top, left + size[0], top + size[1]))


def _within(size: tuple[int, int], height: int, width: int) -> tuple[int, int]:
    """Width and height of an image of this `size`, also width and height, that just fits into `height` and `width`."""
    if size[0] * height > width * size[1]:
        return width, max(1, round(size[1] * width / size[0]))
    return max(1, round(size[0] * height / size[1])), height


def _ground(form: Form) -> int | tuple[int, ...]:
    """What surrounds padded images: gray, or nothing to be seen where there is alpha."""
    if form.channels == CHANNELS:
        return (0,) * CHANNELS
    return (form.background,) * 3 if form.channels == 3 else form.background


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
