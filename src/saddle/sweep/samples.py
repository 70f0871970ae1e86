"""Samples of each row of a table, from the same latents."""

import math
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.sweep.comparison import Row, Table, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

MOST_ROWS = 20
"""The largest number of rows in a picture, the best ones."""

_INCHES = 3.2  # of a panel with points


def samples_of(table: Table, num: int) -> "Tensor | None":
    """A picture, uint8 (3, H, W), of `num` samples of each row, from seed 0: its trial with the median value.

    Points are drawn over the data, in a panel for each row. Rows whose checkpoint is gone are left out; None if all
    are. Rows beyond the first twenty are left out, too.
    """
    runs: dict[str, FinishedRun] = {}
    for row in table.rows[:MOST_ROWS]:
        if row.values:
            opened = _opened(_median(row, table.larger))
            if opened is not None:
                runs[label_of(row)] = opened
    if not runs:
        return None
    if all(run.makes_points for run in runs.values()):
        return _panels(runs)
    return _strips(runs, num)


def label_of(row: Row) -> str:
    """A row's name in pictures."""
    return ", ".join(name for name in row.name if name) or "all"


def _median(row: Row, larger: bool) -> Trial:
    """The trial in the middle of those that did not fail; of an even number, the worse one of the two."""
    ended = sorted((trial for trial in row.trials if not trial.failed), key=lambda trial: trial.value, reverse=larger)
    return ended[len(ended) // 2]


def _opened(trial: Trial) -> FinishedRun | None:
    """The run of a trial; None without a sound checkpoint."""
    try:
        return FinishedRun.open(trial.job.folder)
    except InputError:
        return None


def _strips(runs: dict[str, FinishedRun], num: int) -> "Tensor | None":
    """A row of images for each run of those whose images have the size of the first run's."""
    import torch

    from saddle.picture.grid import row_grid, scale_of

    strips: dict[str, Tensor] = {}
    for name, run in runs.items():
        images = run.sample(num)
        if not strips or images.shape == next(iter(strips.values())).shape:
            strips[name] = images
    rows = torch.stack(list(strips.values()))
    return row_grid(rows, list(strips), scale_of(rows))


def _panels(runs: dict[str, FinishedRun]) -> "Tensor":
    """A panel with points for each run, four beside each other."""
    from saddle.picture.canvas import panels
    from saddle.picture.points import draw_points, reach_of

    columns = min(4, len(runs))
    size = (_INCHES * columns, _INCHES * math.ceil(len(runs) / columns))
    opened = list(runs.items())

    def draw(axes: "list[Axes]") -> None:
        for place, (name, run) in zip(axes, opened, strict=False):
            data = run.point_data
            draw_points(place, run.sample(1000), data, reach_of(data))
            place.set_title(name, fontsize=9, loc="left")

    return panels(draw, columns, len(runs), size)
