"""Losses and penalties on toy problems: `python benchmarks/toy.py OUT SEEDS [--problems ring,grid] [NAME=SETTINGS ...]`

Each method (by default those of `METHODS`) is trained on each problem with the seeds 0 to SEEDS - 1, as experiment=ring
and so on say, in this process, on one thread. A run leaves one file in OUT, and a run whose file is there is skipped,
so that a broken-off benchmark goes on. Prints a table (mean and standard deviation over seeds, Markdown), and
writes OUT/table.json and OUT/samples.png: samples of seed 0 over the data, one panel per method.
"""

import argparse
import json
import logging
import math
import os
import platform
import shutil
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import saddle.compat  # noqa: F401  isort: skip
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from saddle.config.compose import compose
from saddle.factory.run import build
from saddle.metric.measure import measured_points
from saddle.metric.modes import SAMPLES
from saddle.metric.points import in_words
from saddle.picture.points import draw_points, reach_of
from saddle.seed import hashed_seed
from saddle.training.sampling import images_from

METHODS = {
    "minimax": "loss=minimax penalty=none",
    "non-saturating": "loss=non_saturating penalty=none",
    "least squares": "loss=least_squares penalty=none",
    "hinge": "loss=hinge penalty=none",
    "Wasserstein, clipping": "loss=wasserstein penalty=weight_clipping penalty.weight_clipping.limit=0.1",
    "Wasserstein, GP": "loss=wasserstein penalty=gradient_penalty penalty.gradient_penalty.weight=0.1",
    "non-saturating, R1": "loss=non_saturating penalty=r1 penalty.r1.weight=1",
    "non-saturating, DRAGAN": "loss=non_saturating penalty=dragan penalty.dragan.weight=1",
    "relativistic": "loss=relativistic penalty=none",
    "relativistic, R1 and R2": "loss=relativistic penalty=[r1,r2] penalty.r1.weight=1 penalty.r2.weight=1",
    "relativistic average": "loss=relativistic_average penalty=none",
}
_QUIET = ["logger=none", "trainer=cpu", "trainer.log_every_n_steps=1000", "objective=null"]
_QUIET += [f"~callback.{name}" for name in ("samples", "progress", "quality", "points", "checkpoint", "summary")]


def shortened(iterations: int) -> list[str]:
    """Settings by which an experiment has so many iterations, and its learning rates fall to 0 over them."""
    horizons = [
        f"training.schedule.{turn}.horizon_images={128 * iterations}" for turn in ("discriminator", "generator")
    ]
    speed = ["data.batch_size=128", "optimizer.lr=2e-3", "optimizer.betas=[0.0,0.9]"]
    return [f"trainer.max_steps={iterations}", *speed, *horizons]


def trained(problem: str, overrides: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train one run and return its metrics and a part of its samples."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begun, used = time.perf_counter(), time.process_time()
    config = compose([f"experiment={problem}", *_QUIET, *overrides.split(), f"seed={seed}", f"folder='{folder}'"])
    built = build(config)
    built.trainer.fit(built.module, datamodule=built.data_module)
    samples = images_from(built.module.sampler(), SAMPLES, hashed_seed(seed, "quality"))
    shutil.rmtree(folder)
    return {
        **measured_points(built.parts.metrics, samples, built.data),
        "iterations": built.module.clock.iteration,
        "seconds": round(time.perf_counter() - begun, 2),
        "cpu_seconds": round(time.process_time() - used, 2),
        "samples": [[round(x, 4) for x in point] for point in samples[:1000].tolist()],
    }


def run_all(
    out: Path, problems: list[str], methods: dict[str, str], seeds: int, iterations: int
) -> list[dict[str, Any]]:
    """The rows of all runs; those that are not in `out` yet are trained, one seed of all methods after the other."""
    rows = []
    for seed in range(seeds):
        for problem in problems:
            for name, choice in methods.items():
                overrides = " ".join([*shortened(iterations), choice])
                path = out / f"{problem}-{name.replace(' ', '_').replace(',', '')}-{seed}.json"
                about = {"problem": problem, "method": name, "seed": seed, "overrides": overrides}
                row = json.loads(path.read_text()) if path.exists() else None
                if row is None or row["overrides"] != overrides:
                    row = {**about, **_or_failure(problem, overrides, seed, out / "running")}
                    path.write_text(json.dumps(row) + "\n")
                    said = {k: v for k, v in row.items() if k != "samples"}
                    print(json.dumps(said), file=sys.stderr, flush=True)
                rows.append(row)
    return rows


def _or_failure(problem: str, overrides: str, seed: int, folder: Path) -> dict[str, Any]:
    """As `trained`; a run that `callback.health` ends because numbers are no longer finite captures nothing."""
    from saddle.error import Failed

    try:
        return trained(problem, overrides, seed, folder)
    except Failed as failed:
        return {"failed": str(failed), "modes": 0, "high_quality": 0.0, "samples": []}


def table(rows: list[dict[str, Any]], metric_names: tuple[str, ...]) -> list[dict[str, Any]]:
    """One entry per problem and method: mean and sample standard deviation of each metric over seeds."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["problem"], row["method"]), []).append(row)
    made = []
    for (problem, method), found in groups.items():
        entry: dict[str, Any] = {"problem": problem, "method": method, "seeds": len(found)}
        entry["overrides"], entry["failed"] = found[0]["overrides"], sum("failed" in row for row in found)
        entry["cpu_seconds"] = round(statistics.fmean(row.get("cpu_seconds", 0.0) for row in found), 1)
        for name in metric_names:
            values = [row[name] for row in found if name in row]
            if values:
                measured = len(values) > 1 and all(map(math.isfinite, values))
                spread = statistics.stdev(values) if measured else None
                entry[name] = {"mean": statistics.fmean(values), "spread": spread}
        made.append(entry)
    return made


def markdown(entries: list[dict[str, Any]], problem: str) -> str:
    """The table of one problem."""
    head = ["method", "seeds", "modes", "high quality", "failed", "CPU s per run"]
    lines = [f"### {problem}", "", "| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for entry in (e for e in entries if e["problem"] == problem):
        modes, quality = _cell(entry["modes"], 1, 1), _cell(entry["high_quality"], 100, 1, " %")
        cells = [entry["method"], entry["seeds"], modes, quality, entry["failed"], entry["cpu_seconds"]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join([*lines, ""])


def _cell(value: dict[str, float | None], times: float, digits: int, unit: str = "") -> str:
    spread = "" if value["spread"] is None else f" ± {times * value['spread']:.{digits}f}"
    return f"{times * value['mean']:.{digits}f}{spread}{unit}"


def draw(rows: list[dict[str, Any]], problems: list[str], methods: dict[str, str], path: Path) -> None:
    """One row of panels per problem, one column per method: the samples of seed 0 over the data."""
    figure = Figure(figsize=(2.5 * len(methods), 2.7 * len(problems)), dpi=70, layout="constrained", facecolor="white")
    panels = figure.subplots(len(problems), len(methods), squeeze=False)
    for line, problem in zip(panels, problems, strict=True):
        data = build(compose([f"experiment={problem}", *_QUIET, "folder=."])).data
        for axes, name in zip(line, methods, strict=True):
            row = next(r for r in rows if (r["problem"], r["method"], r["seed"]) == (problem, name, 0))
            samples = torch.tensor(row["samples"]).view(-1, 2)
            draw_points(axes, samples, data, reach_of(data))
            axes.get_legend().remove()
            axes.set(xticks=[], yticks=[])
            words = in_words(samples, data).replace(", ", "\n") if len(samples) else "failed"
            axes.set_title(f"{name}\n{words}", fontsize=9)
    FigureCanvasAgg(figure).print_png(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("seeds", type=int)
    parser.add_argument("methods", nargs="*", metavar="NAME=SETTINGS", help="instead of the methods in this file")
    parser.add_argument("--iterations", type=int, default=1500, help="of each run (default 1500)")
    parser.add_argument("--problems", default="ring,grid", help="of ring and grid")
    arguments = parser.parse_args()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_num_threads(1)
    problems = arguments.problems.split(",")
    methods = dict(method.split("=", 1) for method in arguments.methods) or METHODS
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = run_all(arguments.out, problems, methods, arguments.seeds, arguments.iterations)
    entries = table(rows, ("modes", "high_quality", "modes_kl", "modes_js"))
    about = {"python": platform.python_version(), "torch": torch.__version__, "machine": platform.processor()}
    (arguments.out / "table.json").write_text(json.dumps({"about": about, "table": entries}, indent=2) + "\n")
    draw(rows, problems, methods, arguments.out / "samples.png")
    print("\n".join(markdown(entries, problem) for problem in problems))


if __name__ == "__main__":
    main()
