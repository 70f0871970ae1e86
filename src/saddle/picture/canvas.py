"""What drawings of the plane share: colors, and matplotlib without its global state."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg

INK, PAPER = "#2b2d42", "white"
"""The colors of text and of the background."""


def rendered(draw: "Callable[[Axes], None]", inches: tuple[float, float] = (6.8, 6.0)) -> Tensor:
    """The picture that `draw` makes on the axes that it receives: uint8 (3, H, W), 100 dots per inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, dpi=100, facecolor=PAPER)
    canvas = FigureCanvasAgg(figure)
    draw(figure.add_axes((0.06, 0.05, 0.795, 0.9)))
    return _pixels(canvas)


def panels(draw: "Callable[[list[Axes]], None]", columns: int, number: int, inches: tuple[float, float]) -> Tensor:
    """The picture that `draw` makes on the axes of `number` panels in `columns`: uint8 (3, H, W), 100 dots per inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, dpi=100, facecolor=PAPER, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    rows = -(-number // columns)
    draw([figure.add_subplot(rows, columns, place + 1) for place in range(number)])
    return _pixels(canvas)


def _pixels(canvas: "FigureCanvasAgg") -> Tensor:
    """A drawn canvas as uint8 (3, H, W)."""
    canvas.draw()
    width, height = canvas.get_width_height()
    pixels = torch.frombuffer(bytearray(canvas.buffer_rgba()), dtype=torch.uint8).view(height, width, 4)
    return pixels[..., :3].permute(2, 0, 1).contiguous()
