"""The content of a run's folder.

.hydra/                     the composed settings and the overrides
checkpoints/last.ckpt       everything that is needed to go on; beside it earlier ones by iteration, and best.ckpt
samples/                    pictures over the run
tensorboard/, metrics.csv   curves
summary.json                how the run ended, with its last metrics
error.txt                   why a job of a sweep failed
.lock                       empty: a process trains here, or was killed here; it never stops the next one
"""

import json
import math
import shutil
from pathlib import Path
from typing import Any

from saddle.file import numbered
from saddle.layout import ERROR, PRODUCTS, SETTINGS


def run_of(path: Path) -> Path:
    """The folder of a run. `path` is that folder, or one of the run's checkpoints, or a link to one."""
    if path.is_dir():
        return path
    place = path.absolute().parent
    if path.is_symlink() and place.name != "checkpoints":
        place = path.resolve().parent
    return place.parent


def checkpoints_of(run: Path) -> Path:
    """The folder of a run's checkpoints."""
    return run / "checkpoints"


def last_file(run: Path) -> Path:
    """The path of the checkpoint that is written anew each time, whether or not it exists."""
    return checkpoints_of(run) / "last.ckpt"


def last_checkpoint(run: Path) -> Path | None:
    """The checkpoint from which a run goes on: last.ckpt or, without that, the latest; None if there is none."""
    last = last_file(run)
    if last.is_file():
        return last
    earlier = list(numbered(checkpoints_of(run), ".ckpt").values())
    return earlier[-1] if earlier else None


def settings_file(run: Path) -> Path:
    """The path of the file with a run's composed settings."""
    return run / SETTINGS / "config.yaml"


def overrides_file(run: Path) -> Path:
    """The path of the file with a run's overrides."""
    return run / SETTINGS / "overrides.yaml"


def products_in(run: Path) -> list[str]:
    """The names in a folder which show that a run was trained there; empty if there are none."""
    return [name for name in ("checkpoints", "metrics.csv", "summary.json") if (run / name).exists()]


def holds_run(folder: Path) -> bool:
    """Whether a folder above checkpoints is that of a run, and no other folder in which somebody put them."""
    return any((folder / name).exists() for name in (SETTINGS, "metrics.csv", "summary.json"))


def clear(run: Path) -> None:
    """Remove the files of training from a run's folder; its settings stay."""
    for name in PRODUCTS:
        path = run / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def summary_of(run: Path) -> dict[str, Any]:
    """The content of summary.json; empty if there is none, or none that can be read."""
    try:
        content = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def is_finished(run: Path) -> bool:
    """Whether training reached its limits."""
    return bool(summary_of(run).get("finished"))


def state_of(run: Path) -> tuple[str, str]:
    """The state of a run by its files (finished, interrupted, failed or missing), and a reason in words."""
    if not run.is_dir():
        return "missing", "not begun"
    if (run / ERROR).is_file():
        text = (run / ERROR).read_text(encoding="utf-8").strip()
        return "failed", text.splitlines()[-1] if text else "no reason given"
    summary = summary_of(run)
    if summary.get("finished"):
        return "finished", ""
    if summary:
        return "interrupted", f"stopped at iteration {summary['iterations']}"
    if last_checkpoint(run) is None:
        return "interrupted", "killed or still running, no checkpoint yet"
    return "interrupted", "killed or still running"


def objective_value(name: str | None, run: Path) -> float | None:
    """The metric `name` in summary.json: infinity if it was not finite, None if it is not there.

    None means also that no metric was named, or that training has not ended.
    """
    metrics = summary_of(run).get("metrics")
    if name is None or metrics is None or name not in metrics:
        return None
    return math.inf if metrics[name] is None else float(metrics[name])
