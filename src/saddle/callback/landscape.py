"""Pictures of toy problems: samples over data, and the landscape that D makes of the plane.

matplotlib is imported where a picture is drawn, and used without its global state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from saddle.callback.probe import evaluating
from saddle.data.points import PointData
from saddle.penalty.base import logits_and_input_gradient

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CELLS = 120  # the landscape is read in so many places along each side
_ARROWS = 60
_APART = 0.06  # of the half-width: arrows closer than that would hide each other
_SHOWN = 1500  # points of the data
_INK, _PAPER, _REAL, _FAKE, _ARROW = "#2b2d42", "white", "#ffb000", "#111122", "#5f0f70"


@dataclass(frozen=True)
class Landscape:
    """What D says: `logits` (H, W) over the square of half-width `reach`, lowest row first, and its input `gradient`
    (N, 2) at `points` (N, 2).

    `middle` is halfway between its mean logits at data and at samples. Losses of differences leave the logits' level
    open, so that is where colors change, not 0. `width` is how far from it logits at data and samples are, on average.
    """

    logits: Tensor
    points: Tensor
    gradient: Tensor
    middle: float
    width: float


def reach_of(data: PointData) -> float:
    """Half of the side of the square that pictures show: 1.4 times the largest coordinate of modes or curve."""
    shape = data.modes if data.modes is not None else data.curve
    return 1.4 * max(float(shape.abs().max()), 4 * data.std)


def landscape(discriminator: nn.Module, samples: Tensor, real: Tensor, reach: float) -> Landscape:
    """D's landscape in the square of half-width `reach`, with gradients at some of the `samples` (N, 2).

    D is read in evaluation mode and stays as it is. One that judges packs is shown packs of copies of each point.
    """
    packing = getattr(discriminator, "packing", 1)

    def judge(rows: Tensor) -> Tensor:
        return discriminator(rows.repeat_interleave(packing, 0))

    weight, points = next(discriminator.parameters()), _spread(samples, _APART * reach)
    line = torch.linspace(-reach, reach, _CELLS)
    places = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).view(-1, 2)
    with evaluating([discriminator]), torch.enable_grad():
        _, gradient = logits_and_input_gradient(judge, points.to(weight))
        with torch.no_grad():
            logits, at_real, at_samples = (
                judge(rows.to(weight)).float().cpu() for rows in (places, real[:_SHOWN], samples)
            )
    middle = float(at_real.mean() + at_samples.mean()) / 2
    width = float((torch.cat([at_real, at_samples]) - middle).abs().mean())
    return Landscape(logits.view(_CELLS, _CELLS), points, gradient.detach().float().cpu(), middle, width)


def _spread(samples: Tensor, apart: float) -> Tensor:
    """The first 60 of `samples` (N, 2) that are `apart` or more from all chosen before."""
    chosen = samples[:1]
    for sample in samples[1:]:
        if len(chosen) == _ARROWS:
            break
        if (chosen - sample).norm(dim=1).min() >= apart:
            chosen = torch.cat([chosen, sample[None]])
    return chosen


def picture(samples: Tensor, data: PointData, title: str, seen: Landscape | None = None) -> Tensor:
    """Samples (N, 2) over the data, above what D has `seen` of the plane, if that is given: uint8 (3, H, W).

    Color is D's logit, of which the far corners are large: even steps where data and samples are, logarithmic beyond
    (the inverse hyperbolic sine). Arrows point where it rises, to which D sends G's samples; their length grows with
    the root of the gradient's norm, against the largest.
    """

    def draw(axes: "Axes") -> None:
        reach = reach_of(data)
        if seen is not None:
            _draw_landscape(axes, seen, reach)
        draw_points(axes, samples, data, reach)
        axes.set_title(title, loc="left", color=_INK, fontsize=11)

    return rendered(draw)


def rendered(draw: "Callable[[Axes], None]", inches: tuple[float, float] = (6.8, 6.0)) -> Tensor:
    """What `draw` puts on the axes of a figure of its own, uint8 (3, H, W), 100 dots per inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, dpi=100, facecolor=_PAPER)
    canvas = FigureCanvasAgg(figure)
    draw(figure.add_axes((0.06, 0.05, 0.795, 0.9)))
    canvas.draw()
    width, height = canvas.get_width_height()
    pixels = torch.frombuffer(bytearray(canvas.buffer_rgba()), dtype=torch.uint8).view(height, width, 4)
    return pixels[..., :3].permute(2, 0, 1).contiguous()


def draw_points(axes: "Axes", samples: Tensor, data: PointData, reach: float) -> None:
    """Data and samples in the square of half-width `reach`; how many samples lie outside of it stands in a corner."""
    real = data.drawn(_SHOWN, "picture")
    axes.scatter(*real.T.numpy(), s=26, c=_REAL, linewidths=0, label="data", zorder=2)
    axes.scatter(*samples.T.numpy(), s=5, c=_FAKE, linewidths=0, label="samples", zorder=4)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.tick_params(colors=_INK, labelsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.legend(loc="upper right", fontsize=9, framealpha=0.85, markerscale=2, edgecolor="none")
    outside = int((~(samples.abs() <= reach).all(1)).sum())
    if outside:
        axes.text(0.02, 0.02, f"{outside} samples outside", transform=axes.transAxes, fontsize=9, color=_INK)


def _draw_landscape(axes: "Axes", seen: Landscape, reach: float) -> None:
    from matplotlib.colors import AsinhNorm

    offset = seen.logits - seen.middle
    far = max(float(offset.abs().quantile(0.98)), 1e-6)
    width = min(max(seen.width, far / 1000), far / 2)
    image = axes.imshow(
        offset.numpy(),
        extent=(-reach, reach, -reach, reach),
        origin="lower",
        interpolation="bilinear",
        cmap="RdBu",
        alpha=0.6,
        norm=AsinhNorm(linear_width=width, vmin=-far, vmax=far),
    )
    axes.contour(
        *2 * (torch.linspace(-reach, reach, _CELLS).numpy(),),
        offset.numpy(),
        levels=[0.0],
        colors=_PAPER,
        linewidths=1.2,
    )
    ticks, place = (-far, -width, 0.0, width, far), axes.figure.add_axes((0.865, 0.05, 0.025, 0.9))
    bar = axes.figure.colorbar(image, cax=place, extend="both", ticks=ticks, format="%.2g")
    bar.minorticks_off()
    bar.set_label(f"D's logit, from its middle at data and samples ({seen.middle:.2g})", color=_INK, fontsize=9)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=_INK, labelsize=8)
    norm = seen.gradient.norm(dim=1, keepdim=True)
    arrows = 0.16 * reach * seen.gradient / norm.clamp(min=1e-12) * (norm / norm.max().clamp(min=1e-12)).sqrt()
    axes.quiver(
        *seen.points.T.numpy(),
        *arrows.T.numpy(),
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.0035,
        headwidth=4.5,
        color=_ARROW,
        zorder=5,
    )
