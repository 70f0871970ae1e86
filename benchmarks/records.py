"""Records: `python benchmarks/records.py NAME OUT [--seeds 0,1,2]`, and `python benchmarks/records.py table`

A record is a command of saddle, trained once for each seed in a process of its own, on one thread. Afterwards as many
samples as its protocol says are measured as `saddle evaluate` does. Prints the figures of each seed; CPU seconds are
those of the process, from its start, with all that it does (comparisons and pictures are left out by the settings
QUIET). A run leaves its folder in OUT and its figures beside it: a finished one is neither trained nor measured again.
Some records also measure checkpoints, so that there is a curve; there CPU minutes are the run's, shared out evenly over
its images.

The figures are kept in docs/records/NAME.json, beside digests of the code and of each run's samples, and the hardware.
If that file is there already, the script says which samples differ. `table` prints the rows of all records as they
stand in docs/records.md, and says which were measured with other code than that at hand.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

REPOSITORY = Path(__file__).resolve().parents[1]
KEPT = REPOSITORY / "docs" / "records"
QUIET = ["trainer=cpu", "logger=none", "objective=null", "callback.quality.extractor=none"]
QUIET += [f"~callback.{name}" for name in ("samples", "game")]
CODE = ("src", "constraints.txt")
"""What every record depends on, beside its own settings."""


@dataclass(frozen=True)
class Record:
    """What is trained, how many samples are measured, and which figures are shown, each with its number of digits."""

    settings: str
    samples: int
    figures: dict[str, int]
    published: str
    """The row of a paper or a repository that stands beside it."""
    every_images: int | None = None
    """How many images lie between two points of the curve; None: the end alone is measured."""
    seeds: int = 5
    """How many seeds are trained unless the command names them: 0, 1 and so on."""


_TOY = {"modes": 0, "high_quality": 3, "modes_kl": 4}
_DIGITS = {"frechet": 2, "recall": 3, "coverage": 3}

RECORDS = {
    "ring": Record("experiment=ring", 2500, _TOY, "PacGAN4: 7.8 modes, 95.9 %, reverse KL 0.07", seeds=10),
    "grid": Record("experiment=grid", 2500, _TOY, "PacGAN4: 24.8 modes, 93.6 %, reverse KL 0.04", seeds=10),
    "default": Record("", 10_000, _DIGITS, "none"),
    "default_without_labels": Record("architecture.conditional=false", 10_000, _DIGITS, "none"),
    "half_hour": Record("experiment=half_hour", 10_000, _DIGITS, "none", every_images=144_000, seeds=3),
    "half_hour_without_labels": Record(
        "experiment=half_hour architecture.conditional=false", 10_000, _DIGITS, "none", every_images=144_000, seeds=3
    ),
}


def trained(record: Record, seed: int, folder: Path) -> dict[str, Any]:
    """Train a run in `folder`, unless it is finished; returns its seed, CPU minutes, code, hardware and date."""
    noted = folder.with_suffix(".json")
    if (folder / "summary.json").exists() and noted.exists():
        about: dict[str, Any] = json.loads(noted.read_text())
        return about
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, str(REPOSITORY / "train.py"), *record.settings.split(), *QUIET]
    if record.every_images is not None:
        command += [f"checkpoints.every_images={record.every_images}", "checkpoints.keep=null"]
    subprocess.run([*command, f"seed={seed}", f"folder={folder}"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    about = {"seed": seed, "cpu_minutes": round(seconds / 60, 2), "code": code(record), "hardware": hardware()}
    about["date"] = date.today().isoformat()
    noted.write_text(json.dumps(about) + "\n")
    return about


def measured(record: Record, folder: Path, minutes: float) -> dict[str, Any]:
    """The figures of a run's samples, those of real data, and a checksum of the samples."""
    import saddle

    run = saddle.open_run(folder)
    evaluation = run.evaluate(num=record.samples, cache=folder.parent / "cache")
    samples = getattr(evaluation, "images", None)
    if samples is None:  # points
        samples = run.sample(record.samples, seed=0)
    summary = json.loads((folder / "summary.json").read_text())
    real = getattr(evaluation, "test", None) or getattr(evaluation, "data", {})
    row = {
        "figures": _figures(record, evaluation),
        "floor": {name: real[name] for name in record.figures if name in real},
        "sha256": hashlib.sha256(samples.contiguous().numpy().tobytes()).hexdigest()[:16],
        "images": summary["images"],
        "precision": summary["precision"],
    }
    if record.every_images is not None:
        row["curve"] = _curve(record, folder, minutes / summary["images"])
    return row


def _figures(record: Record, evaluation: Any) -> dict[str, float]:
    return {name: evaluation.samples[name] for name in record.figures}


def _curve(record: Record, folder: Path, minutes: float) -> list[dict[str, Any]]:
    """The figures of each checkpoint, with the CPU minutes that its images took at `minutes` each."""
    import saddle
    from saddle.training.checkpoint import MARK, read_checkpoint

    points = []
    for checkpoint in sorted((folder / "checkpoints").glob("[0-9]*.ckpt")):  # last.ckpt is the last of these
        images = read_checkpoint(checkpoint)[MARK]["clock"]["images"]
        evaluation = saddle.open_run(checkpoint).evaluate(num=record.samples, cache=folder.parent / "cache")
        points.append({"images": images, "cpu_minutes": round(images * minutes, 1), **_figures(record, evaluation)})
    return points


def code(record: Record) -> str:
    """A digest of the committed code and of the record's settings, with "+" where files differ from the commit.

    It is of the content, so it stays the same when commits are put on top of others.
    """
    from saddle.config.compose import compose

    git = ["git", "-C", str(REPOSITORY)]
    trees = subprocess.run([*git, "rev-parse", *(f"HEAD:{path}" for path in CODE)], capture_output=True, check=True)
    changed = subprocess.run([*git, "status", "--porcelain", "--", *CODE], capture_output=True, check=True)
    settings = repr(compose([*record.settings.split(), *QUIET, "seed=0", "folder=unused"]))
    settings = settings.replace(os.environ.get("SADDLE_DATA_ROOT", "data"), "data")
    digest = hashlib.sha256(trees.stdout + settings.encode()).hexdigest()
    return digest[:10] + ("+" if changed.stdout.strip() else "")


def hardware() -> str:
    """The processor and what it computes bfloat16 with, in words."""
    from saddle.factory.executor import bfloat16_hardware

    arithmetic = bfloat16_hardware({"accelerator": "cpu"}) or "no bfloat16"
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"one core of {names[0] if names else platform.processor()} ({arithmetic})"


def made(name: str, seeds: list[int], out: Path) -> dict[str, Any]:
    """The row of a record, trained and measured anew where OUT does not hold it."""
    record = RECORDS[name]
    command = f"python train.py {record.settings}".strip()
    runs = []
    for seed in seeds:
        folder = out / f"{name}-{seed}"
        about = trained(record, seed, folder)
        if set(about.get("figures", {})) != set(record.figures):
            about |= measured(record, folder, about["cpu_minutes"])
            folder.with_suffix(".json").write_text(json.dumps(about) + "\n")
        runs.append(about)
        print(json.dumps(runs[-1]), flush=True)
    return {"command": command, "samples": record.samples, "published": record.published, "runs": runs}


def differences(kept: dict[str, Any], row: dict[str, Any]) -> list[str]:
    """One sentence for each run whose samples are others than before."""
    before = {run["seed"]: run for run in kept["runs"]}
    sentences = []
    for run in row["runs"]:
        other = before.get(run["seed"])
        if other is not None and other["sha256"] != run["sha256"]:
            sentences.append(f"seed {run['seed']}: other samples than on {other['date']} ({other['hardware']})")
    return sentences


def cells(name: str, row: dict[str, Any]) -> list[str]:
    """The row of a record in the table."""
    figures, floors, first = [], [], row["runs"][0]
    for figure, digits in RECORDS[name].figures.items():
        values = [run["figures"][figure] for run in row["runs"]]
        spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
        figures.append(f"{figure} {statistics.fmean(values):.{digits}f}{spread}")
        if figure in first["floor"]:
            floors.append(f"{first['floor'][figure]:.{digits}f}")
    minutes = [run["cpu_minutes"] for run in row["runs"]]
    seeds = ", ".join(str(run["seed"]) for run in row["runs"])
    return [
        f"`{row['command']}`",
        seeds,
        "; ".join(figures),
        "; ".join(floors),
        f"{statistics.fmean(minutes):.1f}",
        f"{first['images']:,}",
        f"{first['hardware']}, {first['precision']}",
        row["published"],
        first["date"],
    ]


def table() -> None:
    """Print all rows, and name those that were measured with other code."""
    head = ["command", "seeds", "mean ± standard deviation", "real data", "CPU minutes", "images", "hardware"]
    head += ["published", "measured"]
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    old = []
    for name, record in RECORDS.items():
        file = KEPT / f"{name}.json"
        if not file.exists():
            continue
        row = json.loads(file.read_text())
        print("| " + " | ".join(cells(name, row)) + " |")
        if any(run["code"] != code(record) for run in row["runs"]):
            old.append(name)
    if old:
        print(f"\nNot measured anew with the code at hand: {', '.join(old)}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[*RECORDS, "table"])
    parser.add_argument("out", type=Path, nargs="?", default=Path("outputs/records"))
    parser.add_argument("--seeds", help="as 0,1,2; by default those of the record")
    arguments = parser.parse_args()
    if arguments.name == "table":
        table()
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    seeds = list(range(RECORDS[arguments.name].seeds))
    if arguments.seeds is not None:
        seeds = [int(seed) for seed in arguments.seeds.split(",")]
    row = made(arguments.name, seeds, arguments.out)
    file = KEPT / f"{arguments.name}.json"
    for sentence in differences(json.loads(file.read_text()), row) if file.exists() else []:
        print(sentence)
    KEPT.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row, indent=1) + "\n")
    print(" | ".join(cells(arguments.name, row)))


if __name__ == "__main__":
    main()
