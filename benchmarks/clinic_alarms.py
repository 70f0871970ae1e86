"""When the alarms of training rang in the clinic's runs, and how often in healthy ones.

    python benchmarks/clinic_alarms.py note FOLDER --half seen
    python benchmarks/clinic_alarms.py table --half seen --half unseen

`note` adds `rang` to the lines of docs/diagnosis/HALF.jsonl: each alarm of a run in FOLDER,
with the share of the run after which it rang first. It plays the readings in metrics.csv to the alarms of
src/saddle/callback/alarm.py again. `table` counts them by cause.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from clinic import LINES, MARKER, WELL, lines_of
from clinic_runs import HALVES, QUIET

from saddle.diagnosis.measures import median

Rang = dict[str, float]
"""The share of the run after which each alarm rang first, by the alarm's name."""


def rang(run: Path) -> Rang:
    """The alarms of a trained run, from the readings that its probes have left in metrics.csv."""
    import saddle
    from saddle.callback.alarm import Alarm, conditions
    from saddle.diagnosis.case import Case

    opened = saddle.open_run(run)
    health = opened.config["callback"]["health"]
    rules = conditions(health["duplicates"], health["gradient_ratio"])
    alarms = {name: Alarm(rule.patience) for name, rule in rules.items()}
    real_duplicates = _real_duplicates(Case(opened))
    first: Rang = {}
    for iteration, readings in _probes(opened.curves):
        readings["real_duplicates"] = real_duplicates
        for name, rule in rules.items():
            if not readings.keys() >= set(rule.needs):
                continue
            if alarms[name].observe(rule.bad(readings), rule.fine(readings)):
                first.setdefault(name, round(iteration / opened.iteration, 3))
    return first


def _probes(curves: Any) -> list[tuple[int, dict[str, float]]]:
    """The readings of each probe, with those that are made of them, as `saddle.callback.monitor` makes them."""
    probes: dict[int, dict[str, float]] = {}
    for name, curve in curves.items():
        if name.startswith("health/"):
            for iteration, value in zip(*curve, strict=True):
                probes.setdefault(iteration, {})[name.removeprefix("health/")] = value
    largest = 0.0
    for _, readings in sorted(probes.items()):
        if "signal" in readings:
            largest = max(largest, readings["signal"])
            readings["signal_share"] = readings["signal"] / max(largest, 1e-30)
            real, fake = (max(readings[f"input_gradient_{kind}"], 1e-30) for kind in ("real", "fake"))
            readings["gradient_ratio"] = fake / real
    return sorted(probes.items())


def _real_duplicates(case: Any) -> float:
    """The share of twins among the training images that probes compare samples with."""
    from saddle.callback.probe import neighbors

    return neighbors(case.real, case.real)["real_duplicates"]


def note(folder: Path, half: str) -> None:
    """Add what rang to the lines of a half whose runs are in the folder."""
    from clinic_robots import draw_once

    draw_once()
    texts: list[str] = []
    for line in lines_of(half):
        if (folder / line["name"] / MARKER).is_file():
            line["rang"] = rang(folder / line["name"])
        texts.append(json.dumps(line) + "\n")
    (LINES / f"{half}.jsonl").write_text("".join(texts), encoding="utf-8")


def table(lines: list[dict[str, Any]]) -> str:
    """A Markdown table: of each cause how many runs, in how many an alarm rang, after which share, and which alarms."""
    rows = ["| cause | runs | an alarm rang | first after, median (range) | alarms |", "|---|---:|---:|---|---|"]
    causes = sorted({line["cause"] for line in lines}, key=lambda cause: (cause in WELL, cause))
    for cause in causes:
        rows.append(_row(cause, [line["rang"] for line in lines if line["cause"] == cause]))
    rows.append(_row("all broken", [line["rang"] for line in lines if line["cause"] not in WELL]))
    rows.append(_row("all healthy", [line["rang"] for line in lines if line["cause"] in WELL]))
    return "\n".join(rows)


def _row(cause: str, runs: list[Rang]) -> str:
    first = [min(run.values()) for run in runs if run]
    when = f"{median(first):.0%} ({min(first):.0%} to {max(first):.0%})" if first else ""
    names = sorted({name for run in runs for name in run})
    counts = ", ".join(f"{name} {sum(name in run for run in runs)}" for name in names)
    return f"| {cause} | {len(runs)} | {len(first)} | {when} | {counts} |"


def main() -> None:
    os.environ["SADDLE_PLUGINS"] = "clinic_parts"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["note", "table"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--half", choices=HALVES, action="append", required=True)
    arguments = parser.parse_args()
    if arguments.command == "table":
        print(table([line for half in arguments.half for line in lines_of(half)]))
        print("Probes came with these settings:", *(text for text in QUIET if "health" in text))
    elif arguments.folder is None:
        parser.error("note needs a FOLDER")
    else:
        for half in arguments.half:
            note(arguments.folder, half)


if __name__ == "__main__":
    main()
