"""Images read anew at other places, written as gathers.

A gather can be differentiated any number of times, under torch.func too, and whole pixels stay exact.
"""

import torch
from torch import Tensor


def picked(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels of `images` (N, C, H, W) at integer places inside them; (N, C, H, W).

    `rows` and `columns` broadcast against each other to (N, H, W).
    """
    places = (rows * images.shape[3] + columns).flatten(1).unsqueeze(1)
    return images.flatten(2).gather(2, places.expand(-1, images.shape[1], -1)).view(images.shape)


def mirrored(places: Tensor, size: int) -> Tensor:
    """Places, whole or not, brought into [0, size - 1] by reflection at the outermost pixels (not repeated)."""
    if size == 1:
        return torch.zeros_like(places)
    return size - 1 - (places.remainder(2 * size - 2) - (size - 1)).abs()


def shifted(images: Tensor, down: Tensor, right: Tensor, fill: float | None = None) -> Tensor:
    """Each image moved by whole pixels, `down` and `right` (N,) int64.

    What comes in from outside is `fill`, or the mirror image where that is None.
    """
    size = images.shape[3]
    pixel = torch.arange(size, device=images.device)
    rows, columns = (pixel - down[:, None])[:, :, None], (pixel - right[:, None])[:, None, :]
    if fill is None:
        return picked(images, mirrored(rows, size), mirrored(columns, size))
    moved = picked(images, rows.clamp(0, size - 1), columns.clamp(0, size - 1))
    inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    return moved.where(inside.unsqueeze(1), fill)


def warped(images: Tensor, inverse: Tensor) -> Tensor:
    """Images read bilinearly at `inverse` (N, 3, 3) times each place of the result, mirrored at the border.

    Places are (right, down, 1) in pixels from the center of the image. Where they are whole pixels, the result is
    exact: the other three weights are 0.
    """
    size = images.shape[3]
    middle = (size - 1) / 2
    place = torch.arange(size, device=images.device, dtype=inverse.dtype) - middle
    right, down = place.view(1, 1, -1), place.view(1, -1, 1)
    column, row = (
        mirrored(axis[:, 0, None, None] * right + axis[:, 1, None, None] * down + axis[:, 2, None, None] + middle, size)
        for axis in (inverse[:, 0], inverse[:, 1])
    )
    left, top = column.floor(), row.floor()
    sides = ((left.long(), left + 1 - column), (left.long().add(1).clamp(max=size - 1), column - left))
    ends = ((top.long(), top + 1 - row), (top.long().add(1).clamp(max=size - 1), row - top))
    return sum((share * part).unsqueeze(1) * picked(images, y, x) for y, share in ends for x, part in sides)
