"""Broken runs of the clinic beside a healthy one: `python benchmarks/clinic_picture.py FOLDER OUT.png`.

FOLDER holds the runs that `benchmarks/clinic.py train` has trained. For each cause there is a run on images, of those
that the rules were tuned on: 16 samples, and the losses of D and G.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from clinic_runs import Patient, patients
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

import saddle

MARKER = "clinic.json"
COLUMNS = 4


def shown(folder: Path) -> dict[str, Patient]:
    """A trained run of the seen half by cause, healthy first; on images, and the strongest fault there is."""
    chosen: dict[str, Patient] = {}
    for patient in patients():
        if patient.half != "seen" or patient.base.data == "ring" or not (folder / patient.name / MARKER).is_file():
            continue
        if patient.cause not in chosen or patient.strength > chosen[patient.cause].strength:
            chosen[patient.cause] = patient
    return dict(sorted(chosen.items(), key=lambda item: item[0] != "healthy"))


def tiled(images: Tensor) -> Tensor:
    """16 images (16, C, H, W) side by side in two rows, (2 H, 8 W, C)."""
    _, channels, height, width = images.shape
    rows = images.view(2, 8, channels, height, width).permute(0, 3, 1, 4, 2)
    return rows.reshape(2 * height, 8 * width, channels)


def draw(axes: tuple[Axes, Axes], run: Path, title: str) -> None:
    """Samples above, losses below."""
    opened = saddle.open_run(run)
    grid = tiled(opened.sample(16))
    axes[0].imshow(grid.expand(-1, -1, 3), interpolation="nearest")
    axes[0].set_title(title, fontsize=7)
    axes[0].set_axis_off()
    for name, color in (("discriminator", "#d55e00"), ("generator", "#0072b2")):
        if f"loss/{name}" in opened.curves:
            axes[1].plot(*opened.curves[f"loss/{name}"], color=color, linewidth=0.8)
    axes[1].tick_params(labelsize=5, length=2, pad=1)


def main() -> None:
    os.environ["SADDLE_PLUGINS"] = "clinic_parts"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    chosen = shown(arguments.folder)
    rows = -(-len(chosen) // COLUMNS)
    figure = Figure(figsize=(2.4 * COLUMNS, 1.55 * rows), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2 * rows, COLUMNS, height_ratios=[1, 0.9] * rows, squeeze=False)
    for number, (cause, patient) in enumerate(chosen.items()):
        row, column = divmod(number, COLUMNS)
        pair = axes[2 * row][column], axes[2 * row + 1][column]
        draw(pair, arguments.folder / patient.name, f"{cause} ({patient.base.data}, {patient.base.networks})")
    for number in range(len(chosen), rows * COLUMNS):
        row, column = divmod(number, COLUMNS)
        axes[2 * row][column].set_axis_off()
        axes[2 * row + 1][column].set_axis_off()
    figure.savefig(arguments.out, metadata={"Software": "saddle"})


if __name__ == "__main__":
    main()
