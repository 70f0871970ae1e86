"""Films: pictures of a run, one after the other, each above a line that names its iteration."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.layout import SOFTWARE

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {".gif": "GIF", ".webp": "WEBP"}
"""The formats of films by the ending of the file."""

LAST_FRAME_FACTOR = 4
"""How many times as long as each other frame the last one is shown."""

_EXIF_SOFTWARE = 0x0131
_LINE_HEIGHT = 16  # pixels
_GRAY, _WHITE = (128, 128, 128), (255, 255, 255)
_UNEVEN = 0.02  # difference of the proportions of a grid at two scales: its gaps are not enlarged


def frames(paths: Sequence[Path], scale: int = 1) -> list["Image"]:
    """A frame for each of the picture files, all as large as the last one, whose pixels become squares of `scale`."""
    from PIL import Image

    with Image.open(paths[-1]) as last:
        size = last.size
    return [_frame(path, (scale * size[0], scale * size[1])) for path in paths]


def picture_bytes(path: Path) -> int:
    """The number of bytes of a picture file in memory, as red, green and blue; only its header is read."""
    from PIL import Image

    with Image.open(path) as picture:
        return 3 * picture.width * picture.height


def write_film(images: Sequence["Image"], path: Path, seconds: float) -> None:
    """Write frames to `path`, whose ending is one of `FORMATS`, as a film of so many seconds that repeats forever.

    The file says that saddle made it, so that it is never read as data.
    """
    from PIL.Image import Exif

    mark = Exif()
    mark[_EXIF_SOFTWARE] = SOFTWARE
    milliseconds = round(1000 * seconds / (len(images) - 1 + LAST_FRAME_FACTOR))
    images[0].save(
        path,
        format=FORMATS[path.suffix.lower()],
        save_all=True,
        append_images=images[1:],
        duration=[milliseconds] * (len(images) - 1) + [LAST_FRAME_FACTOR * milliseconds],
        loop=0,
        comment=SOFTWARE,  # GIF has one, and WebP has EXIF
        exif=mark,
    )


def _frame(path: Path, size: tuple[int, int]) -> "Image":
    """A picture in a frame of this `size` above its line, enlarged if it has the same proportions."""
    from PIL import Image, ImageDraw

    width, height = size
    frame = Image.new("RGB", (width, height + _LINE_HEIGHT), _GRAY)
    with Image.open(path) as picture:
        color = picture.convert("RGB")
        if abs(color.width * height - color.height * width) <= _UNEVEN * width * color.height:
            color = color.resize(size, Image.Resampling.NEAREST)  # a run of an older version drew its grids smaller
        frame.paste(color, (0, 0))
    label = f"iteration {int(path.stem):,}" if path.stem.isdecimal() else path.stem
    ImageDraw.Draw(frame).text((4, height + 2), label, fill=_WHITE)
    return frame
