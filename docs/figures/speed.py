"""Draws docs/figures/speed.png from docs/speed/loops-*.txt, a file per machine: `python docs/figures/speed.py`."""

import re
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

HERE = Path(__file__).resolve().parent
ROW = re.compile(r"(.{34}) *([\d,]+) \(([\d,]+)-([\d,]+)\)")
_COLUMNS = 3
COLORS = {"tutorial": "0.6", "bare": "0.3"}


def read(text: str) -> dict[str, list[tuple[str, float, float, float]]]:
    """By case: variant, and images per CPU second (median, lowest, highest)."""
    found: dict[str, list[tuple[str, float, float, float]]] = {}
    rows: list[tuple[str, float, float, float]] = []
    for line in text.splitlines():
        if head := re.match(r"([\w-]+): \S+=", line):
            rows = found.setdefault(head[1], [])
        elif row := ROW.match(line):
            median, low, high = (float(number.replace(",", "")) for number in row.groups()[1:])
            rows.append((row[1].strip(), median, low, high))
    return {name: rows for name, rows in found.items() if {"tutorial", "bare"} <= {variant for variant, *_ in rows}}


def main() -> None:
    files = sorted((HERE.parent / "speed").glob("loops-*.txt"))
    machines = {path.stem.removeprefix("loops-").upper(): read(path.read_text()) for path in files}
    cases = {f"{name}, {machine}": rows for machine, cases in machines.items() for name, rows in cases.items()}
    lines = -(-len(cases) // _COLUMNS)
    figure = Figure(figsize=(4 * _COLUMNS, 2.6 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    places = figure.subplots(lines, _COLUMNS, squeeze=False).flatten()
    for axes in places[len(cases) :]:
        axes.set_axis_off()
    for axes, (name, rows) in zip(places, cases.items(), strict=False):
        for place, (variant, median, low, high) in enumerate(rows):
            error = [[median - low], [high - median]]
            axes.barh(place, median, xerr=error, color=COLORS.get(variant, "tab:blue"), capsize=2)
            axes.text(high, place, f"  {median:,.0f}", va="center", fontsize=7)
        axes.set_yticks(range(len(rows)), [variant for variant, *_ in rows], fontsize=8)
        axes.set_xlim(0, 1.3 * max(high for *_, high in rows))
        axes.invert_yaxis()
        axes.set_title(name, fontsize=10)
        axes.tick_params(axis="x", labelsize=7)
        axes.locator_params(axis="x", nbins=5)
    figure.supxlabel("images per CPU second, one thread: median, lowest and highest", fontsize=9)
    figure.savefig(HERE / "speed.png", dpi=110)


if __name__ == "__main__":
    main()
