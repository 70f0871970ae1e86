"""Folders of sweeps as finished runs leave them, without training."""

import csv
import json
from pathlib import Path

import yaml

BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


def summary(value: float | None, seed: int, **changes) -> dict:
    """A summary of a finished run whose metric/frechet is `value`."""
    content = {
        "finished": True,
        "iterations": 100,
        "images": 6400,
        "seconds": 12.0,
        "cpu_seconds": 10.0,
        "seed": seed,
        "metrics": {"metric/frechet": value, "metric/recall": 0.5, "loss/generator": 1.0},
        "stamp": {"extractor": "mnist", "real": 10_000},
        "alarms": [],
        "learning_rates": {"discriminator": 0.001, "generator": 0.001},
        "data": {"name": "Digits"},
    }
    return {**content, **changes}


def curve(path: Path, rows: list[dict[str, float]]) -> None:
    """A metrics.csv."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["iteration", "images", "cpu_seconds", "metric/frechet"])
        writer.writeheader()
        writer.writerows(rows)


def sweep(folder: Path, values: dict[str, list[float | None]], objective: str = "metric/frechet", **changes) -> Path:
    """A sweep over losses and seeds 1, 2, ...; `values` has metric/frechet of each loss by seed, NaN for error.txt.

    None is a value that was not finite.
    """
    folder.mkdir()
    seeds = range(1, 1 + max(map(len, values.values())))
    task = ["data=digits", f"loss={','.join(values)}", f"seed={','.join(map(str, seeds))}"]
    hydra = {"sweeper": {"_target_": BASIC}, "overrides": {"hydra": [], "task": task}}
    (folder / "multirun.yaml").write_text(yaml.safe_dump({"objective": objective, "hydra": hydra}))
    number = 0
    for loss, measured in values.items():
        for seed, value in zip(seeds, measured, strict=True):
            run = folder / f"{number}_loss={loss},seed={seed}"
            number += 1
            run.mkdir()
            if value != value:
                (run / "error.txt").write_text("training failed: not finite\n")
                continue
            (run / "summary.json").write_text(json.dumps(summary(value, seed, **changes)))
            rows = [{"iteration": at, "images": 64 * at, "cpu_seconds": 0.1 * at} for at in (50, 100)]
            rows.append({"iteration": 100, "metric/frechet": value or 0.0})
            rows.insert(0, {"iteration": 25, "metric/frechet": 2 * (value or 0.0)})
            curve(run / "metrics.csv", rows)
    return folder


def change(run: Path, **changes) -> None:
    """Change entries of a run's summary."""
    file = run / "summary.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
