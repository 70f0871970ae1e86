"""Draw each loss's gradients by D's logits, and print a table of G's: `python docs/figures/loss_gradients.py`.

Writes loss_gradients.png next to this file.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from torch import Tensor

from saddle.loss.base import Loss
from saddle.loss.hinge import Hinge
from saddle.loss.least_squares import LeastSquares
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.wasserstein import Wasserstein

LOSSES: dict[str, Loss] = {
    "minimax": Minimax(),
    "non_saturating": NonSaturating(),
    "least_squares": LeastSquares(),
    "hinge": Hinge(),
    "wasserstein": Wasserstein(),
}
STYLES = {  # some curves coincide: the pale wide line is drawn first, the others on top of it
    "wasserstein": {"color": "0.8", "linewidth": 6},
    "minimax": {"color": "tab:red", "linestyle": "-", "linewidth": 2},
    "non_saturating": {"color": "tab:blue", "linestyle": "--", "linewidth": 2},
    "least_squares": {"color": "tab:green", "linestyle": "-.", "linewidth": 1.5},
    "hinge": {"color": "black", "linestyle": ":", "linewidth": 2.5},
}
TABLE_LOGITS = (-10.0, -4.0, 0.0, 4.0)


def value_and_gradient(objective: Callable[[Tensor], Tensor], logits: Tensor) -> tuple[Tensor, Tensor]:
    """Values (N,) of a per-sample objective at `logits` (N,), and the derivative of each by its own logit."""
    logits = logits.clone().requires_grad_(True)
    values = objective(logits)
    (gradient,) = torch.autograd.grad(values.sum(), logits)
    return values.detach(), gradient


def table() -> str:
    """G's loss and its gradient at `TABLE_LOGITS`, as Markdown."""
    heads = [head for logit in TABLE_LOGITS for head in (f"loss at {logit:g}", "gradient")]
    rows = [["G's objective", *heads], ["---", *["---:"] * len(heads)]]
    for name, loss in LOSSES.items():
        pairs = zip(*value_and_gradient(loss.generator, torch.tensor(TABLE_LOGITS).double()), strict=True)
        rows.append([f"`{name}`", *[f"{number + 0.0:.4g}" for pair in pairs for number in pair]])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def draw(axes: plt.Axes, title: str, names: dict[str, str], objective: Callable[[Loss, Tensor], Tensor]) -> None:
    """One panel: the gradient of `objective` for every loss in `names`, which maps it to its label."""
    logits = torch.linspace(-8, 8, 1601, dtype=torch.float64)
    for name, style in STYLES.items():
        if name in names:
            _, gradient = value_and_gradient(lambda x, loss=LOSSES[name]: objective(loss, x), logits)
            axes.plot(logits, gradient, label=names[name], **style)
    axes.set(title=title, xlim=(-8, 8), xlabel="logit", ylabel="d loss / d logit")
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.grid(alpha=0.3)


def figure() -> plt.Figure:
    """G's gradients on the left; D's, on real images above and on generated ones below, on the right."""
    drawn, panels = plt.subplot_mosaic([["g", "real"], ["g", "fake"]], figsize=(11, 6), layout="constrained")
    draw(panels["g"], "G, on a generated image", {name: name for name in LOSSES}, lambda loss, x: loss.generator(x))
    shared = {name: name for name in LOSSES if name != "non_saturating"} | {"minimax": "minimax and non_saturating"}
    zero = torch.zeros((), dtype=torch.float64)
    draw(panels["real"], "D, on a real image", shared, lambda loss, x: loss.discriminator(x, zero))
    draw(panels["fake"], "D, on a generated image", shared, lambda loss, x: loss.discriminator(zero, x))
    panels["g"].set(ylim=(-1.7, 0.7))
    panels["real"].set(ylim=(-1.5, 0.5))
    panels["fake"].set(ylim=(-0.5, 1.5))
    panels["g"].legend(loc="lower left")
    panels["real"].legend(loc="upper left", fontsize="small")
    return drawn


if __name__ == "__main__":
    figure().savefig(Path(__file__).with_suffix(".png"), dpi=100)
    print(table())
