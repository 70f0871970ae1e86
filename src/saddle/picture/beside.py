"""A branch beside its run: their curves in one picture, and their grids side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from saddle.picture.canvas import INK, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

_COLORS = ("#9aa0b4", "#d1495b")
_LINE_HEIGHT, _GAP = 16, 8  # pixels
_GRAY, _WHITE = (128, 128, 128), (255, 255, 255)
_FEW = 10  # values: up to there each is marked
_LARGE = 30.0  # times the median: from there on a curve's axis is logarithmic

Line = tuple[Sequence[int], Sequence[float]]
"""Iterations and values."""


def curves_picture(panels: Mapping[str, Sequence[Line]], names: Sequence[str]) -> Tensor:
    """One panel per curve, uint8 (3, H, W): its lines, in the order of their `names`, above each other.

    An axis is logarithmic where positive values reach far beyond their median.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.8, 0.4 + 1.9 * len(panels)), dpi=100, facecolor=PAPER, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (title, lines) in zip(all_axes, panels.items(), strict=True):
        _draw_lines(axes, title, lines, names)
    all_axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=8, frameon=False)
    all_axes[-1].set_xlabel("iteration", color=INK, fontsize=9)
    canvas.draw()
    width, height = canvas.get_width_height()
    pixels = torch.frombuffer(bytearray(canvas.buffer_rgba()), dtype=torch.uint8).view(height, width, 4)
    return pixels[..., :3].permute(2, 0, 1).contiguous()


def _draw_lines(axes: "Axes", title: str, lines: Sequence[Line], names: Sequence[str]) -> None:
    values: list[float] = []
    for (iterations, line), name, color in zip(lines, names, _COLORS, strict=True):
        marker = "o" if len(line) < _FEW else ""
        axes.plot(iterations, line, color=color, linewidth=1.2, marker=marker, markersize=4, label=name)
        values += line
    middle = sorted(values)[len(values) // 2]
    if min(values) > 0 and max(values) > _LARGE * middle:
        axes.set_yscale("log")
    axes.set_title(title, loc="left", color=INK, fontsize=9)
    axes.tick_params(colors=INK, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def beside(pictures: Sequence[Path], names: Sequence[str], title: str) -> "Image":
    """The picture files beside each other, each below its name, with a `title` in front of the first name."""
    from PIL import Image, ImageDraw

    opened = [_color(path) for path in pictures]
    width = sum(picture.width for picture in opened) + _GAP * (len(opened) - 1)
    frame = Image.new("RGB", (width, max(picture.height for picture in opened) + _LINE_HEIGHT), _GRAY)
    left = 0
    for picture, name in zip(opened, names, strict=True):
        frame.paste(picture, (left, _LINE_HEIGHT))
        label = f"{title}: {name}" if left == 0 else name
        ImageDraw.Draw(frame).text((left + 4, 2), label, fill=_WHITE)
        left += picture.width + _GAP
    return frame


def _color(path: Path) -> "Image":
    from PIL import Image

    with Image.open(path) as picture:
        return picture.convert("RGB")
