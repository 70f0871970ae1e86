"""Grids: many images of one size in one picture."""

import torch
from torch import Tensor
from torch.nn.functional import pad

_PADDING = 2  # pixels between images
_GRAY = 128


def image_grid(images: Tensor, labels: Tensor | None = None) -> Tensor:
    """One picture, uint8 (3, H, W), of images, uint8 (N, C, H, W), as square as their number allows.

    With `labels` (N,) the picture has one row per class instead. Shorter rows end in empty cells.
    """
    if labels is None:
        return _grid(images, columns=max(1, round(len(images) ** 0.5)))
    rows = [images[labels == label] for label in labels.unique()]
    columns = max(len(row) for row in rows)
    padded = []
    for row in rows:
        empty = (0, 0, 0, 0, 0, 0, 0, columns - len(row))
        padded.append(pad(row, empty, value=_GRAY))
    return _grid(torch.cat(padded), columns)


def row_grid(rows: Tensor) -> Tensor:
    """One picture, uint8 (3, H, W), of images in rows and columns, uint8 (rows, columns, C, H, W).

    Raises ValueError for images of another type.
    """
    if rows.dtype != torch.uint8:
        raise ValueError(f"expected images as uint8, got {rows.dtype}")
    return _grid(rows.flatten(0, 1), columns=rows.shape[1])


def _grid(images: Tensor, columns: int) -> Tensor:
    import saddle.compat  # noqa: F401  isort: skip
    from torchvision.utils import make_grid

    grid: Tensor = make_grid(images, nrow=columns, padding=_PADDING, pad_value=_GRAY)
    return grid
