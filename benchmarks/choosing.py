"""The measurements of docs/choosing.md, by one command: `python benchmarks/choosing.py OUT [STUDY ...]`

First study=objectives_rates tries a grid of learning rates for each method on one seed. The best rate of each method is
written to conf/study/method, where study=objectives reads it. Then each study is trained, and `saddle compare` writes
its tables and its page into OUT/tables. Studies that are finished are skipped, and one that was interrupted goes on.
It takes 18 hours of one core, without comparisons and pictures. Overrides may follow (`training.cpu_seconds=5`).
"""

import argparse
import math
import shutil
import subprocess
import sys
from pathlib import Path

from saddle.sweep.comparison import Table, compared
from saddle.sweep.jobs import is_sweep, read_jobs

_REPOSITORY = Path(__file__).resolve().parents[1]
_RATES = "objectives_rates"
_STUDIES = ("objectives", "penalty_weight", "batch_size", "tutorial_penalty", "ring", "grid")


def train(study: str, out: Path, overrides: list[str]) -> Path:
    """Train a study in OUT/STUDY, or go on with it; returns its folder."""
    folder = out / study
    if not is_sweep(folder):
        _run("train.py", "-m", f"study={study}", f"hydra.sweep.dir={folder}", *overrides)
    elif any(job.state in ("interrupted", "missing") for job in read_jobs(folder)):
        _run("train.py", f"resume={folder}")
    return folder


def _run(*arguments: str) -> None:
    """Run a Python script or module; a sweep with failed jobs, which the tables count, ends with 1."""
    code = subprocess.run([sys.executable, *arguments], cwd=_REPOSITORY, check=False).returncode
    if code > 1:
        sys.exit(code)


def write_rates(table: Table, place: Path) -> None:
    """Write the best learning rate of each method of the table as conf/study/method/objectives_METHOD.yaml."""
    method, rate = table.settings.index("method"), table.settings.index("optimizer.lr")
    grid = sorted({float(row.name[rate]) for row in table.rows})
    written: set[str] = set()
    for row in table.rows:  # the best first
        name = row.name[method]
        if name in written or math.isnan(row.mean):
            continue
        written.add(name)
        text = f"# {table.metric} {row.mean:.4g}, the best of the rates {', '.join(f'{value:g}' for value in grid)}"
        content = f"# @package _global_\n{text} (study={_RATES})\noptimizer:\n  lr: {float(row.name[rate])}\n"
        (place / f"objectives_{name}.yaml").write_text(content, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT", type=Path)
    parser.add_argument("studies", metavar="STUDY", nargs="*", default=[])
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    overrides = [text for text in arguments.studies if "=" in text]
    studies = [text for text in arguments.studies if "=" not in text] or list(_STUDIES)
    if "objectives" in studies:
        [table] = compared([train(_RATES, out, overrides)]).tables
        write_rates(table, _REPOSITORY / "conf" / "study" / "method")
    for study in studies:
        folder = train(study, out, overrides)
        tables = out / "tables" / study
        shutil.rmtree(tables, ignore_errors=True)
        tables.parent.mkdir(parents=True, exist_ok=True)
        _run("-m", "saddle", "compare", str(folder), "--against", "cpu_seconds", "--out", str(tables))


if __name__ == "__main__":
    main()
