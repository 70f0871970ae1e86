"""Pictures as PNG files."""

from pathlib import Path
from typing import BinaryIO

from torch import Tensor

from saddle.layout import SOFTWARE


def write_png(picture: Tensor, path: Path | BinaryIO) -> None:
    """Write a picture, uint8 (C, H, W), to `path`, which may be an open file: gray, color, or color with alpha.

    The file says that saddle made it, so that it is never read as data.
    """
    import saddle.compat  # noqa: F401  isort: skip
    from PIL.PngImagePlugin import PngInfo
    from torchvision.transforms.functional import to_pil_image

    mark = PngInfo()
    mark.add_text("Software", SOFTWARE)
    to_pil_image(picture).save(path, format="PNG", pnginfo=mark)
