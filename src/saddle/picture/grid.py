"""Grids: many images of one size in one picture."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from saddle.alpha import composited, has_alpha

_PADDING = 2  # pixels between images
_GRAY, _LIGHT, _WHITE = 128, 204, 255
_SQUARES = 8  # of the checkerboard, along the shorter side of an image
_TEXT_SIZE, _WIDEST_NAME = 10, 120  # pixels


def image_grid(images: Tensor, labels: Tensor | None = None, class_names: Sequence[str] = ()) -> Tensor:
    """One picture, uint8 (3, H, W), of images, uint8 (N, C, H, W), as square as their number allows.

    Transparent images lie on a checkerboard. With `labels` (N,) the picture has one row per class instead. Shorter rows
    end in empty cells. The `class_names`, if there are any, stand left of their rows.
    """
    images = on_checkerboard(images)
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


def row_grid(rows: Tensor, names: Sequence[str] = ()) -> Tensor:
    """One picture, uint8 (3, H, W), of images in rows and columns, uint8 (rows, columns, C, H, W).

    The `names` of the rows, if there are any, stand left of them. Raises ValueError for images of another type.
    """
    if rows.dtype != torch.uint8:
        raise ValueError(f"expected images as uint8, got {rows.dtype}")
    grid = _grid(on_checkerboard(rows).flatten(0, 1), columns=rows.shape[1])
    return torch.cat([_margin(names, rows.shape[3] + _PADDING), grid], 2) if names else grid


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
    """Names, one below the other, each `height` pixels, uint8 (3, H, W); what is too wide is cut off."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(_TEXT_SIZE)
    width = min(_WIDEST_NAME, max(round(font.getlength(name)) for name in names)) + 2 * _PADDING
    margin = Image.new("RGB", (width, height * len(names) + _PADDING), (_GRAY,) * 3)
    draw = ImageDraw.Draw(margin)
    for row, name in enumerate(names):
        middle = _PADDING + row * height + (height - _PADDING) // 2
        draw.text((_PADDING, middle), name, fill=(_WHITE,) * 3, font=font, anchor="lm")
    return torch.from_numpy(np.array(margin)).permute(2, 0, 1)
