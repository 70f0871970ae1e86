"""Runs that are broken on purpose, and healthy ones, by which `saddle diagnose` is examined.

    python benchmarks/clinic.py list
    python benchmarks/clinic.py train FOLDER --half seen
    python benchmarks/clinic.py examine FOLDER --half seen
    python benchmarks/clinic.py judge --half seen

`list` prints every run: its cause, strength, half and settings. `train` trains those of one half, several in one
process, and skips what is trained, so that it goes on where it stopped. `examine` writes the symptoms of each run as
one line of docs/diagnosis/HALF.jsonl. `judge` reads these lines, judges them by the rules as they
stand, and prints the confusion matrix.

Which run is in which half is drawn for each cause by a seed. The rules may be tuned on the seen half alone.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from clinic_runs import HALVES, Patient, of_half, patients

from saddle.diagnosis.judge import judged
from saddle.diagnosis.table import read_table

MARKER = "clinic.json"
RUNS_IN_A_PROCESS = 30
LINES = Path(__file__).resolve().parents[1] / "docs" / "diagnosis"

# train


def train(folder: Path, half: str, limit: int | None) -> None:
    """Train the runs of a half that are not trained yet, in processes that each train several."""
    while True:
        rest = [patient for patient in of_half(half) if not _is_done(folder, patient)]
        if not rest or limit == 0:
            return
        number = min(RUNS_IN_A_PROCESS, limit or RUNS_IN_A_PROCESS)
        command = [sys.executable, __file__, "train", str(folder), "--half", half, "--here", str(number)]
        subprocess.run(command, check=True)
        limit = None if limit is None else max(0, limit - number)


def _is_done(folder: Path, patient: Patient) -> bool:
    return (folder / patient.name / MARKER).is_file()


def train_here(folder: Path, half: str, number: int) -> None:
    """Train that many runs in this process."""
    from clinic_robots import draw_once

    draw_once()
    rest = [patient for patient in of_half(half) if not _is_done(folder, patient)]
    for patient in rest[:number]:
        _train_one(folder / patient.name, patient)


def _train_one(run: Path, patient: Patient) -> None:
    import saddle
    from saddle.error import Failed

    shutil.rmtree(run, ignore_errors=True)
    begun, failure = time.process_time(), None
    try:
        saddle.train(patient.overrides(run))
    except Failed as failed:
        failure = str(failed)
    seconds = round(time.process_time() - begun, 2)
    outcome = {"cause": patient.cause, "strength": patient.strength, "failure": failure, "cpu_seconds": seconds}
    (run / MARKER).write_text(json.dumps(outcome) + "\n", encoding="utf-8")


# examine


def examine(folder: Path, half: str) -> None:
    """Write the symptoms of each trained run of a half as a line of its file; runs that have one are skipped."""
    from clinic_robots import draw_once

    draw_once()
    LINES.mkdir(exist_ok=True)
    file = LINES / f"{half}.jsonl"
    known = {line["name"] for line in lines_of(half)}
    for patient in of_half(half):
        if patient.name in known or not _is_done(folder, patient):
            continue
        line = _line(folder / patient.name, patient)
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")


def _line(run: Path, patient: Patient) -> dict[str, Any]:
    """What is kept of a run: what was done to it, its symptoms, its alarms, and the seconds of the examination."""
    import saddle
    from saddle.diagnosis.examine import examine as examined

    outcome = json.loads((run / MARKER).read_text(encoding="utf-8"))
    begun = time.perf_counter()
    found = examined(saddle.open_run(run))
    seconds = time.perf_counter() - begun
    summary = run / "summary.json"
    alarms = json.loads(summary.read_text(encoding="utf-8"))["alarms"] if summary.is_file() else None
    return {
        "name": patient.name,
        "cause": patient.cause,
        "strength": patient.strength,
        "symptoms": {name: rounded(value) for name, value in found.symptoms.items()},
        "unseen": [text.replace(str(run), "RUN") for text in found.unseen],
        "alarms": alarms,
        "failed": outcome["failure"] is not None,
        "cpu_seconds": outcome["cpu_seconds"],
        "seconds": round(seconds, 2),
    }


def rounded(value: float) -> float:
    """To five digits."""
    return float(f"{value:.5g}")


def lines_of(half: str) -> list[dict[str, Any]]:
    """The lines of a half that were written so far."""
    file = LINES / f"{half}.jsonl"
    if not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


# judge


def judge(half: str, verbose: bool) -> None:
    """Print how often the rules name the cause of a run of a half first, and second, and what they name instead."""
    table = read_table()
    counts: dict[str, dict[str, int]] = {}
    broken: list[tuple[str, list[str]]] = []
    called_ill: list[bool] = []
    for line in lines_of(half):
        diagnoses = judged(table, line["symptoms"])
        found = [diagnosis.cause.name for diagnosis in diagnoses]
        named, cause = found[0] if found else "healthy", line["cause"]
        counts.setdefault(cause, {}).setdefault(named, 0)
        counts[cause][named] += 1
        if cause in WELL:
            called_ill.append(named not in WELL)
        else:
            broken.append((cause, found[:2]))
        if verbose and named != cause:
            print(line["name"], "->", [(diagnosis.cause.name, round(diagnosis.score, 2)) for diagnosis in diagnoses])
    print(matrix(counts))
    first, second = sum(cause in found[:1] for cause, found in broken), sum(cause in found for cause, found in broken)
    print(f"broken runs: {len(broken)}; cause named first: {_share(first, broken)}; first or second: ", end="")
    print(_share(second, broken))
    print(f"healthy runs: {len(called_ill)}; called ill: {_share(sum(called_ill), called_ill)}")
    _judge_alarms(lines_of(half))


def _judge_alarms(lines: list[dict[str, Any]]) -> None:
    """Print in how many broken and healthy runs an alarm of training rang at the end, or ended the run."""
    for kind, runs in (
        ("broken", [line for line in lines if line["cause"] not in WELL]),
        ("healthy", [line for line in lines if line["cause"] in WELL]),
    ):
        rang = sum(bool(line["alarms"]) or line["failed"] for line in runs)
        print(f"{kind} runs in which an alarm of training rang at the end: {_share(rang, runs)}")


def _share(number: int, of: list[Any]) -> str:
    return f"{number} of {len(of)} ({number / max(1, len(of)):.1%})"


WELL = ("healthy", "plateau", "still_improving")
"""Runs that nothing is wrong with."""


def matrix(counts: dict[str, dict[str, int]]) -> str:
    """A Markdown table: what was done to runs, how many, what they were called."""
    lines = ["| cause | runs | named first | named otherwise |", "|---|---:|---:|---|"]
    for cause, named in sorted(counts.items()):
        others = ", ".join(f"{name} {number}" for name, number in sorted(named.items()) if name != cause)
        lines.append(f"| {cause} | {sum(named.values())} | {named.get(cause, 0)} | {others} |")
    return "\n".join(lines)


# the command line


def show() -> None:
    """Print every run, and how many there are of each cause."""
    for patient in patients():
        print(patient.half, patient.strength, patient.name, *patient.settings)
    counts: dict[str, int] = {}
    for patient in patients():
        counts[patient.cause] = counts.get(patient.cause, 0) + 1
    print(f"{len(patients())} runs:", ", ".join(f"{cause} {number}" for cause, number in counts.items()))


def main() -> None:
    os.environ["SADDLE_PLUGINS"] = "clinic_parts"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["list", "train", "examine", "judge"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--half", choices=HALVES, default="seen")
    parser.add_argument("--limit", type=int, help="train at most so many")
    parser.add_argument("--verbose", action="store_true", help="print each run whose cause is not named first")
    parser.add_argument("--here", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.command == "list":
        show()
    elif arguments.command == "judge":
        judge(arguments.half, arguments.verbose)
    elif arguments.folder is None:
        parser.error(f"{arguments.command} needs a FOLDER")
    elif arguments.command == "examine":
        examine(arguments.folder, arguments.half)
    elif arguments.here is not None:
        train_here(arguments.folder, arguments.half, arguments.here)
    else:
        train(arguments.folder, arguments.half, arguments.limit)


if __name__ == "__main__":
    main()
