"""What a run's folder holds, known in this one place.

.hydra/                     the settings, composed and as they were given
checkpoints/last.ckpt       everything that is needed to go on; numbered ones before it; best.ckpt
samples/                    pictures over the run
tensorboard/, metrics.csv   curves
summary.json                how the run ended, with its last metrics
error.txt                   why a job of a sweep failed
"""

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

from saddle.file import numbered

SETTINGS = ".hydra"
ERROR = "error.txt"
"""Why a job of a sweep failed: one sentence where that is known, else a traceback."""

PRODUCTS = ("tensorboard", "samples", "checkpoints", "metrics.csv", "summary.json")
"""What training leaves."""

UNTRAINED = {SETTINGS, "multirun.yaml", ERROR}
"""What a run or sweep holds that never trained."""


def run_of(path: Path) -> Path:
    """The folder of a run, from itself or from one of its checkpoints."""
    return path if path.is_dir() else path.parent.parent


def checkpoints_of(run: Path) -> Path:
    """The folder of a run's checkpoints."""
    return run / "checkpoints"


def last_checkpoint(run: Path) -> Path | None:
    """The checkpoint that a run goes on from, if there is one: last.ckpt or, without that, the latest."""
    last = checkpoints_of(run) / "last.ckpt"
    if last.is_file():
        return last
    earlier = list(numbered(checkpoints_of(run), ".ckpt").values())
    return earlier[-1] if earlier else None


def overrides_file(run: Path) -> Path:
    """The file of the overrides that a run was given."""
    return run / SETTINGS / "overrides.yaml"


def is_trained(run: Path) -> list[str]:
    """What in a folder shows that a run was trained there; empty if nothing does."""
    return [name for name in ("checkpoints", "metrics.csv", "summary.json") if (run / name).exists()]


def clear(run: Path) -> None:
    """Remove what training left in a run's folder; its settings stay."""
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
    """Whether training ended as it should, by its limits."""
    return bool(summary_of(run).get("finished"))


def state_of(run: Path) -> tuple[str, str]:
    """The state of a run by its files alone (finished, interrupted, failed or missing), and a reason in words."""
    if not run.is_dir():
        return "missing", "not begun"
    if (run / ERROR).is_file():
        lines = [line for line in (run / ERROR).read_text(encoding="utf-8").splitlines() if line.strip()]
        return "failed", lines[-1] if lines else "no reason given"
    summary = summary_of(run)
    if summary.get("finished"):
        return "finished", ""
    if summary:
        return "interrupted", f"stopped at iteration {summary['iterations']}"
    reason = "killed or still running"
    return "interrupted", reason if last_checkpoint(run) else f"{reason}, no checkpoint yet"


def objective_value(name: str | None, run: Path) -> float | None:
    """The metric `name` of summary.json; infinity where it is not finite, None (and a line on stderr) without one."""
    metrics = summary_of(run).get("metrics")
    if name is None or metrics is None:
        return None
    if name not in metrics:
        print(f"objective={name}: not measured; {run / 'summary.json'} has {', '.join(metrics)}", file=sys.stderr)
        return None
    return math.inf if metrics[name] is None else float(metrics[name])
