"""Resampling of images at other positions, written as gathers.

A gather can be differentiated any number of times, also under torch.func, and shifts by whole pixels are exact.
"""

import torch
from torch import Tensor


def picked(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels of `images` (N, C, H, W) at integer positions inside them, as images (N, C, H, W).

    The positions `rows` and `columns` broadcast against each other to (N, H, W).
    """
    positions = (rows * images.shape[3] + columns).flatten(1).unsqueeze(1)
    return images.flatten(2).gather(2, positions.expand(-1, images.shape[1], -1)).view(images.shape)


def mirrored(positions: Tensor, size: int) -> Tensor:
    """Positions, whole or not, reflected into [0, size - 1]. The outermost pixels are not repeated."""
    if size == 1:
        return torch.zeros_like(positions)
    return size - 1 - (positions.remainder(2 * size - 2) - (size - 1)).abs()


def shifted(images: Tensor, down: Tensor, right: Tensor, fill: float | None = None) -> Tensor:
    """Images (N, C, H, W) shifted by whole pixels, `down` and `right` (N,) int64.

    The uncovered border shows `fill`, or the mirror image if that is None.
    """
    height, width = images.shape[2:]
    rows = (torch.arange(height, device=images.device) - down[:, None])[:, :, None]
    columns = (torch.arange(width, device=images.device) - right[:, None])[:, None, :]
    if fill is None:
        return picked(images, mirrored(rows, height), mirrored(columns, width))
    moved = picked(images, rows.clamp(0, height - 1), columns.clamp(0, width - 1))
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return moved.where(inside.unsqueeze(1), fill)


def warped(images: Tensor, inverse: Tensor) -> Tensor:
    """Images (N, C, H, W) resampled bilinearly at `inverse` (N, 3, 3) times each position of the result.

    Positions are (right, down, 1) in pixels from the center of the image; those outside are mirrored at the border.
    At whole pixels the result is exact, because the other three weights are 0.
    """
    height, width = images.shape[2:]
    down = (torch.arange(height, device=images.device, dtype=inverse.dtype) - (height - 1) / 2).view(1, -1, 1)
    right = (torch.arange(width, device=images.device, dtype=inverse.dtype) - (width - 1) / 2).view(1, 1, -1)

    def positions(axis: Tensor, size: int) -> Tensor:
        """Columns or rows (N, H, W) to read at, of `size` in all, from a row (N, 3) of the matrices."""
        x, y, constant = axis[:, :, None, None].unbind(1)
        return mirrored(x * right + y * down + constant + (size - 1) / 2, size)

    column, row = positions(inverse[:, 0], width), positions(inverse[:, 1], height)
    left, top = column.floor(), row.floor()
    columns = [(left.long(), left + 1 - column), (left.long().add(1).clamp(max=width - 1), column - left)]
    rows = [(top.long(), top + 1 - row), (top.long().add(1).clamp(max=height - 1), row - top)]
    result = torch.zeros_like(images)
    for y, weight_down in rows:
        for x, weight_right in columns:
            result = result + (weight_down * weight_right).unsqueeze(1) * picked(images, y, x)
    return result
