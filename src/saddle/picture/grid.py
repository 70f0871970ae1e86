"""Grids: many images of one size in one picture."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from saddle.alpha import composited, has_alpha

_PADDING = 2  # pixels between images
_GRAY, _LIGHT, _WHITE = 128, 204, 255
_SQUARES = 8  # of the checkerboard, along the shorter side of an image
_TEXT_SIZE, _WIDEST_NAME = 10, 120  # pixels
_EASILY_SEEN = 96  # pixels of an image's longer side
_LARGEST = 4096  # pixels of a side to which a scale that nobody chose enlarges a picture


def scale_of(images: Tensor) -> int:
    """By how much images (..., C, H, W) are enlarged in a picture, so that they can be seen: 3 at 28 pixels, 1 at 128.

    A picture of very many images is enlarged less.
    """
    height, width = images.shape[-2:]
    number = math.prod(images.shape[:-3])
    side = max(height, width)
    return max(1, min(round(_EASILY_SEEN / side), int(_LARGEST / (side * number**0.5))))


def enlarged(images: Tensor, scale: int) -> Tensor:
    """Images (..., H, W) with each pixel as a square of `scale` pixels: (..., scale H, scale W)."""
    if scale == 1:
        return images
    return images.repeat_interleave(scale, -2).repeat_interleave(scale, -1)


def image_grid(images: Tensor, labels: Tensor | None = None, class_names: Sequence[str] = (), scale: int = 1) -> Tensor:
    """One picture, uint8 (3, H, W), of images, uint8 (N, C, H, W), as square as their number allows.

    Transparent images lie on a checkerboard. With `labels` (N,) the picture has one row per class instead. Shorter rows
    end in empty cells. The `class_names`, if there are any, stand left of their rows. Each pixel becomes a square of
    `scale` pixels.
    """
    images = enlarged(on_checkerboard(images), scale)
    if labels is None:
        return _grid(images, columns=max(1, round(len(images) ** 0.5)))
    shown = labels.unique()
    grid = _rows(images, labels, shown)
    if not class_names:
        return grid
    height = images.shape[2] + _PADDING
    return torch.cat([_margin(names_of(shown, class_names), height), grid], 2)


def _rows(images: Tensor, labels: Tensor, shown: Tensor) -> Tensor:
    """A grid with one row for each of the labels `shown` (R,)."""
    rows = [images[labels == label] for label in shown]
    columns = max(len(row) for row in rows)
    padded = []
    for row in rows:
        empty = (0, 0, 0, 0, 0, 0, 0, columns - len(row))
        padded.append(pad(row, empty, value=_GRAY))
    return _grid(torch.cat(padded), columns)


def row_grid(rows: Tensor, names: Sequence[str] = (), scale: int = 1) -> Tensor:
    """One picture, uint8 (3, H, W), of images in rows and columns, uint8 (rows, columns, C, H, W).

    The `names` of the rows, if there are any, stand left of them. Each pixel becomes a square of `scale` pixels.
    Raises ValueError for images of another type.
    """
    if rows.dtype != torch.uint8:
        raise ValueError(f"expected images as uint8, got {rows.dtype}")
    grid = _grid(enlarged(on_checkerboard(rows), scale).flatten(0, 1), columns=rows.shape[1])
    return torch.cat([_margin(names, scale * rows.shape[3] + _PADDING), grid], 2) if names else grid


def on_checkerboard(images: Tensor) -> Tensor:
    """uint8 images (..., C, H, W), those with alpha laid over a checkerboard of light grays: (..., 3, H, W)."""
    if not has_alpha(images):
        return images
    height, width = images.shape[-2:]
    square = max(1, min(height, width) // _SQUARES)  # pixels
    rows, columns = torch.arange(height) // square, torch.arange(width) // square
    background = torch.where((rows[:, None] + columns) % 2 == 0, _WHITE, _LIGHT)
    return composited(images.float(), background).round().to(torch.uint8)


def _grid(images: Tensor, columns: int) -> Tensor:
    import saddle.compat  # noqa: F401  isort: skip
    from torchvision.utils import make_grid

    if len(images) == 1:  # which make_grid would leave without gaps and colors
        return pad(images[0].expand(3, -1, -1), (_PADDING,) * 4, value=_GRAY)
    grid: Tensor = make_grid(images, nrow=columns, padding=_PADDING, pad_value=_GRAY)
    return grid


def names_of(labels: Tensor, class_names: Sequence[str]) -> list[str]:
    """The name of the class of each label (N,) or, where the font lacks its letters, the label itself."""
    names: list[str] = []
    for label in labels.tolist():
        name = class_names[label]
        drawable = name.isprintable() and all(ord(letter) < 256 for letter in name)
        names.append(name if drawable else str(label))
    return names


def _margin(names: Sequence[str], height: int) -> Tensor:
    """Names, one below the other, each `height` pixels, uint8 (3, H, W); the middle of too wide ones is left out."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(_TEXT_SIZE)
    names = [_fitted(name, font.getlength) for name in names]
    width = max(round(font.getlength(name)) for name in names) + 2 * _PADDING
    margin = Image.new("RGB", (width, height * len(names) + _PADDING), (_GRAY,) * 3)
    draw = ImageDraw.Draw(margin)
    for row, name in enumerate(names):
        middle = _PADDING + row * height + (height - _PADDING) // 2
        draw.text((_PADDING, middle), name, fill=(_WHITE,) * 3, font=font, anchor="lm")
    return torch.from_numpy(np.array(margin)).permute(2, 0, 1)


def _fitted(name: str, width: Callable[[str], float]) -> str:
    """`name`, or as much of its beginning and end as the margin has room for; `width` gives the pixels of a text."""
    for left_out in range(len(name)):
        kept = len(name) - left_out
        text = name if left_out == 0 else f"{name[: kept - kept // 2]}...{name[len(name) - kept // 2 :]}"
        if width(text) <= _WIDEST_NAME:
            return text
    return ""
