"""The landscape that D makes of the plane: its logits, and the gradients that samples receive."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from saddle.penalty.base import logits_and_input_gradient
from saddle.picture.canvas import INK, PAPER
from saddle.training.evaluating import evaluating

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_CELLS = 120  # along each side of the square
_ARROWS = 60
_ARROW_DISTANCE = 0.06  # of the half-width: closer arrows would hide each other
_DATA_POINTS = 1500
_ARROW_COLOR = "#5f0f70"


@dataclass(frozen=True)
class Landscape:
    """D's `logits` (H, W) over the square of half-width `reach`, lowest row first, and its input `gradient` (N, 2) at
    `points` (N, 2).

    `middle` is halfway between D's mean logits at data and at samples. Losses of differences leave the level of the
    logits open, so colors change at `middle`, not at 0. `width` is the mean distance of the logits at data and samples
    from it.
    """

    logits: Tensor
    points: Tensor
    gradient: Tensor
    middle: float
    width: float


def landscape_of(discriminator: nn.Module, samples: Tensor, real: Tensor, reach: float) -> Landscape:
    """D's landscape in the square of half-width `reach`, with gradients at some of the `samples` (N, 2).

    D is read in evaluation mode and does not change. A D that judges packs is shown packs of copies of each point.
    """
    packing = getattr(discriminator, "packing", 1)

    def judge(rows: Tensor) -> Tensor:
        logits: Tensor = discriminator(rows.repeat_interleave(packing, 0))
        return logits

    weight = next(discriminator.parameters())
    points = _spread(samples, _ARROW_DISTANCE * reach)
    line = torch.linspace(-reach, reach, _CELLS)
    cells = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).view(-1, 2)
    with evaluating([discriminator]), torch.enable_grad():
        _, gradient = logits_and_input_gradient(judge, points.to(weight))
        with torch.no_grad():
            logits = judge(cells.to(weight)).float().cpu()
            at_real = judge(real[:_DATA_POINTS].to(weight)).float().cpu()
            at_samples = judge(samples.to(weight)).float().cpu()
    middle = float(at_real.mean() + at_samples.mean()) / 2
    width = float((torch.cat([at_real, at_samples]) - middle).abs().mean())
    return Landscape(logits.view(_CELLS, _CELLS), points, gradient.detach().float().cpu(), middle, width)


def draw_landscape(axes: "Axes", landscape: Landscape, reach: float) -> None:
    """Draw D's logits as colors with a color bar, a line at their middle, and gradients as arrows.

    Color steps are even where data and samples are and logarithmic beyond (the inverse hyperbolic sine), because
    logits in the far corners are large. Arrows point where the logit rises, to which D sends G's samples. Their length
    grows with the root of the gradient's norm, relative to the largest.
    """
    from matplotlib.colors import AsinhNorm

    offset = landscape.logits - landscape.middle
    far = max(float(offset.abs().quantile(0.98)), 1e-6)
    width = min(max(landscape.width, far / 1000), far / 2)
    image = axes.imshow(
        offset.numpy(),
        extent=(-reach, reach, -reach, reach),
        origin="lower",
        interpolation="bilinear",
        cmap="RdBu",
        alpha=0.6,
        norm=AsinhNorm(linear_width=width, vmin=-far, vmax=far),
    )
    line = torch.linspace(-reach, reach, _CELLS).numpy()
    axes.contour(line, line, offset.numpy(), levels=[0.0], colors=PAPER, linewidths=1.2)
    _draw_bar(axes, image, [-far, -width, 0.0, width, far], landscape.middle)
    _draw_arrows(axes, landscape, reach)


def _draw_bar(axes: "Axes", image: "AxesImage", ticks: list[float], middle: float) -> None:
    from matplotlib.figure import Figure
    from matplotlib.spines import Spine

    figure = axes.figure
    assert isinstance(figure, Figure)
    place = figure.add_axes((0.865, 0.05, 0.025, 0.9))
    bar = figure.colorbar(image, cax=place, extend="both", ticks=ticks, format="%.2g")
    bar.minorticks_off()
    bar.set_label(f"D's logit, from its middle at data and samples ({middle:.2g})", color=INK, fontsize=9)
    assert isinstance(bar.outline, Spine)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=INK, labelsize=8)


def _draw_arrows(axes: "Axes", landscape: Landscape, reach: float) -> None:
    norm = landscape.gradient.norm(dim=1, keepdim=True)
    arrows = 0.16 * reach * landscape.gradient / norm.clamp(min=1e-12) * (norm / norm.max().clamp(min=1e-12)).sqrt()
    x, y = landscape.points.T.numpy()
    dx, dy = arrows.T.numpy()
    axes.quiver(
        x,
        y,
        dx,
        dy,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.0035,
        headwidth=4.5,
        color=_ARROW_COLOR,
        zorder=5,
    )


def _spread(samples: Tensor, distance: float) -> Tensor:
    """The first 60 of `samples` (N, 2) that are at least `distance` from all chosen before."""
    chosen = samples[:1]
    for sample in samples[1:]:
        if len(chosen) == _ARROWS:
            break
        if (chosen - sample).norm(dim=1).min() >= distance:
            chosen = torch.cat([chosen, sample[None]])
    return chosen
