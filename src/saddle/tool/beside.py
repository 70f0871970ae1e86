"""Pictures of a branch beside its run, in the branch's folder: curves from the fork on, grids and a film of them."""

from collections.abc import Sequence
from pathlib import Path

from saddle.file import numbered, relative
from saddle.layout import REPLAY, SOFTWARE
from saddle.run.curves import Curve, read_curves
from saddle.tool.output import write_picture, writing

_SHOWN = ("loss/", "gradient_norm/", "metric/frechet")
"""What the names of the curves begin with that are drawn; a single term of a loss is not."""

_SECONDS = 6.0  # of a film
_NAMES = ("run", "branch")


def show_beside(run: Path, branch: Path, at: int) -> list[Path]:
    """Draw the `branch` that left the run `at` this iteration beside it; returns the files that could be made.

    Curves need metrics.csv of both, grids and film the pictures of the same iterations in both folders.
    """
    folder = branch / REPLAY
    with writing(folder):
        folder.mkdir(exist_ok=True)
    return [relative(path) for path in (*_curves(run, branch, at, folder), *_grids(run, branch, at, folder))]


def _curves(run: Path, branch: Path, at: int, folder: Path) -> list[Path]:
    files = [place / "metrics.csv" for place in (run, branch)]
    if not all(file.is_file() for file in files):
        return []
    from saddle.picture.beside import curves_picture

    curves = [read_curves(file) for file in files]
    end = max((max(curve.iterations, default=0) for curve in curves[1].values()), default=0)
    panels: dict[str, list[Curve]] = {}
    shown = [name for name in curves[1] if name in curves[0] and name.startswith(_SHOWN) and name.count("/") == 1]
    for name in sorted(shown, key=lambda name: not name.startswith("loss/")):
        lines = [_part(each[name], at, end) for each in curves]
        if all(line.values for line in lines):
            panels[name] = lines
    if not panels:
        return []
    write_picture(curves_picture(panels, _NAMES), folder / "curves.png")
    return [folder / "curves.png"]


def _part(curve: Curve, at: int, end: int) -> Curve:
    """A curve between two iterations."""
    pairs = [pair for pair in zip(curve.iterations, curve.values, strict=True) if at <= pair[0] <= end]
    return Curve([iteration for iteration, _ in pairs], [value for _, value in pairs])


def _grids(run: Path, branch: Path, at: int, folder: Path) -> list[Path]:
    pairs = _common_pictures(run, branch, at)
    if not pairs:
        return []
    from saddle.picture.beside import beside
    from saddle.picture.film import write_film

    frames = [beside(pair, _NAMES, f"iteration {int(pair[1].stem):,}") for pair in pairs]
    files = [folder / "grids.png"]
    from PIL.PngImagePlugin import PngInfo

    mark = PngInfo()
    mark.add_text("Software", SOFTWARE)
    with writing(folder):
        frames[-1].save(files[0], pnginfo=mark)
        if len(frames) > 1:
            files.append(folder / "film.gif")
            write_film(frames, files[1], _SECONDS)
    return files


def _common_pictures(run: Path, branch: Path, at: int) -> Sequence[tuple[Path, Path]]:
    """The pictures of samples of the same iterations in both folders, from the fork on."""
    before, after = (numbered(place / "samples", ".png") for place in (run, branch))
    return [(before[number], path) for number, path in after.items() if number in before and number >= at]
