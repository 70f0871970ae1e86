"""Follows what `saddle diagnose` proposes for the broken runs of the clinic, and asks whether the new runs are well.

    python benchmarks/clinic_mended.py mend FOLDER --half unseen
    python benchmarks/clinic_mended.py judge --half unseen

FOLDER holds the runs that `benchmarks/clinic.py train` has trained. `mend` has each broken run diagnosed and does what
the first cause proposes: it trains by the command, or, where the sentence speaks of the data, on the clinic's own data
without the fault. The new runs are in FOLDER/mended. Each gives a line of docs/diagnosis/mended.jsonl, with its
symptoms and with measures that no rule reads; so does each healthy run, with its measures alone. Runs that have a line
are skipped, so `mend` goes on where it stopped. `judge` reads the lines and prints the share that was mended.

A run is mended if the rules name no ill, and if neither measure is worse than in the worst healthy run of the same data
and networks: the Frechet distance of pixels, and the coverage (Naeem et al. 2020, arXiv 2002.09797), of 1,000 samples
beside 1,000 images of the whole data.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from clinic import LINES, MARKER, RUNS_IN_A_PROCESS, WELL, lines_of, rounded
from clinic_runs import Patient, of_half, patients

from saddle.command import training_command
from saddle.diagnosis.judge import judged
from saddle.diagnosis.table import Cause, read_table

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.run.finished import FinishedRun

MENDED = "mended"
FILE = LINES / f"{MENDED}.jsonl"
SAMPLES = 1000
SEED = 1  # the doctor's own samples have another one

FAULTS_OF_DATA = {
    "data_range": "data._target_=clinic_parts",
    "wrong_labels": "data._target_=clinic_parts",
    "too_few_images": "data.limit=",
}
"""How the setting begins that spoils the data, by the cause whose sentence asks for other data."""

HELP_UNTIL_THEN = ("wrong_labels", "too_few_images")
"""Causes whose command helps until the data is mended; for them the command is tried, too."""

Line = dict[str, Any]


# mend


def mend(folder: Path, half: str, limit: int | None) -> None:
    """Mend the runs of a half that have no line yet, in processes that each mend several."""
    while _rest(folder, half) and limit != 0:
        number = min(RUNS_IN_A_PROCESS, limit or RUNS_IN_A_PROCESS)
        command = [sys.executable, __file__, "mend", str(folder), "--half", half, "--here", str(number)]
        subprocess.run(command, check=True)
        limit = None if limit is None else max(0, limit - number)


def _rest(folder: Path, half: str) -> list[tuple[Patient, str]]:
    """Trained runs of the half without a line, each with the way in which it is to be mended."""
    known = {(line["name"], line["way"]) for line in lines_of(MENDED)}
    rest: list[tuple[Patient, str]] = []
    for patient in of_half(half):
        if patient.cause != "plateau" and (folder / patient.name / MARKER).is_file():
            rest += [(patient, way) for way in _ways(patient) if (patient.name, way) not in known]
    return rest


def _ways(patient: Patient) -> tuple[str, ...]:
    """What is done with a run: as the doctor says, and by the command alone where that is about other data."""
    if patient.cause == "healthy":
        return ("as it is",)
    return ("as told", "by command") if patient.cause in HELP_UNTIL_THEN else ("as told",)


def mend_here(folder: Path, half: str, number: int) -> None:
    """Mend that many runs in this process."""
    from clinic_robots import draw_once

    draw_once()
    for patient, way in _rest(folder, half)[:number]:
        line = _healthy(folder, patient) if patient.cause == "healthy" else _mended(folder, patient, way)
        with FILE.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")


def _healthy(folder: Path, patient: Patient) -> Line:
    """The line of a healthy run: what it measures, to compare others with."""
    import saddle

    measures = _measures(saddle.open_run(folder / patient.name), folder, patient)
    return {"name": patient.name, "cause": patient.cause, "way": "as it is", "measures": measures}


def _mended(folder: Path, patient: Patient, way: str) -> Line:
    """The line of a broken run: what the doctor named and proposed, and how the new run is."""
    import saddle
    from saddle.diagnosis.examine import examine
    from saddle.diagnosis.report import diagnose
    from saddle.error import Failed

    ills = diagnose(saddle.open_run(folder / patient.name)).ills
    named = ills[0].cause.name if ills else None
    line: Line = {"name": patient.name, "cause": patient.cause, "way": way, "named": named, "changed": None}
    target = folder / "mended" / f"{patient.name}_{way.replace(' ', '_')}"
    words = _words(folder / patient.name, target, patient, ills[0].cause, way) if ills else None
    if words is None:
        return line  # nothing is proposed
    line["changed"] = _changed(patient, words)
    begun = time.process_time()
    try:
        run = saddle.train(words)
    except Failed as failed:
        return line | {"failure": str(failed), "cpu_seconds": round(time.process_time() - begun, 2)}
    line["cpu_seconds"] = round(time.process_time() - begun, 2)
    line["symptoms"] = {name: rounded(value) for name, value in examine(run).symptoms.items()}
    return line | {"measures": _measures(run, folder, patient)}


def _words(run: Path, target: Path, patient: Patient, cause: Cause, way: str) -> list[str] | None:
    """The words behind `saddle train` that do what the doctor proposes, in the folder `target`; None for nothing."""
    import saddle
    from saddle.diagnosis.mend import command_of

    shutil.rmtree(target, ignore_errors=True)
    spoiled = FAULTS_OF_DATA.get(cause.name, "-")
    if way == "as told" and any(text.startswith(spoiled) for text in patient.settings):
        kept = tuple(text for text in patient.settings if not text.startswith(spoiled))
        return replace(patient, settings=kept).overrides(target)
    if cause.goes_on:
        shutil.copytree(run, target)  # the original is kept
    command = command_of(cause, saddle.open_run(target if cause.goes_on else run))
    if command is None:
        return None
    words = shlex.split(command)[len(training_command().split()) :]
    return words if cause.goes_on else [*words, f"hydra.run.dir={target}"]


def _changed(patient: Patient, words: list[str]) -> list[str]:
    """What differs from the broken run: the words that it lacked, and those of its own that are gone, behind a ~."""
    before = patient.overrides(Path("RUN"))
    new = [word for word in words if word not in before and not word.startswith(("hydra.run.dir=", "resume="))]
    if any(word.startswith("resume=") for word in words):
        return new
    gone = [word for word in before if word not in words and not word.startswith("hydra.run.dir=")]
    return [*new, *(f"~{word}" for word in gone)]


# measures that no rule reads


def _measures(run: "FinishedRun", folder: Path, patient: Patient) -> dict[str, float]:
    """The Frechet distance of pixels, and the coverage, of samples beside images of the clinic's whole data."""
    from saddle.diagnosis.features import features
    from saddle.metric.frechet import frechet_distance
    from saddle.metric.manifold import manifold

    real, samples = _whole_data(folder, patient.base.data), features(run.sample(SAMPLES, seed=SEED))
    covered = manifold(real, samples).coverage
    return {"frechet": rounded(frechet_distance(real, samples)), "coverage": rounded(covered)}


@cache
def _whole_data(folder: Path, data: str) -> "Tensor":
    """Features (N, D) of 1,000 training images of a healthy run on that data without a limit of its own."""
    import torch

    import saddle
    from saddle.diagnosis.features import features

    found = [patient for patient in patients() if patient.base.data == data and patient.cause == "healthy"]
    run = next(folder / patient.name for patient in found if not patient.settings)
    rows = saddle.open_run(run).data.training()[0]
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(SEED))
    return features(rows[order[:SAMPLES]])


# judge


def is_mended(line: Line, healthy: list[Line]) -> tuple[bool, bool]:
    """Whether the rules call the new run healthy, and whether its measures are those of a healthy one.

    `healthy` are the lines of the healthy runs of the same data and networks.
    """
    if "measures" not in line:
        return False, False
    by_rules = all(diagnosis.cause.name in WELL for diagnosis in judged(read_table(), line["symptoms"]))
    worst = max(other["measures"]["frechet"] for other in healthy)
    least = min(other["measures"]["coverage"] for other in healthy)
    return by_rules, line["measures"]["frechet"] <= worst and line["measures"]["coverage"] >= least


def judge(half: str, verbose: bool) -> None:
    """Print the share of broken runs of a half that are mended, by cause."""
    names = {patient.name for patient in of_half(half)}
    judged_lines = outcomes_of(lines_of(MENDED))
    broken = [(line, outcome) for line, outcome in judged_lines if line["name"] in names]
    print(table(broken))
    for line, outcome in broken if verbose else []:
        if not all(outcome):
            print(line["name"], line["way"], "named", line["named"], line["changed"], outcome, line.get("measures"))
    print(f"{sum(line.get('cpu_seconds', 0) for line, _ in broken) / 60:.1f} CPU minutes of training")


def outcomes_of(everything: list[Line]) -> list[tuple[Line, tuple[bool, bool]]]:
    """The lines of broken runs, each with what `is_mended` says beside healthy runs of the same data and networks."""
    bases = {patient.name: (patient.base.data, patient.base.networks) for patient in patients()}
    healthy: dict[tuple[str, str], list[Line]] = {}
    for line in everything:
        if line["cause"] == "healthy":
            healthy.setdefault(bases[line["name"]], []).append(line)
    broken = [line for line in everything if line["cause"] != "healthy"]
    return [(line, is_mended(line, healthy[bases[line["name"]]])) for line in broken]


def table(broken: list[tuple[Line, tuple[bool, bool]]]) -> str:
    """A Markdown table: of each cause how many runs, and how many are mended by the rules, by measures, and by both."""
    rows = ["| cause | runs | no ill is named | measures of a healthy run | mended |", "|---|---:|---:|---:|---:|"]
    groups: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for line, outcome in broken:
        groups.setdefault((line["cause"], line["way"]), []).append(outcome)
    for (cause, way), outcomes in sorted(groups.items()):
        rows.append(_row(cause if way == "as told" else f"{cause}, {way}", outcomes))
    told = [outcome for line, outcome in broken if line["way"] == "as told"]
    rows.append(_row("all, as told", told))
    return "\n".join(rows)


def _row(name: str, outcomes: list[tuple[bool, bool]]) -> str:
    by_rules, by_measures = (sum(outcome[place] for outcome in outcomes) for place in (0, 1))
    both = sum(all(outcome) for outcome in outcomes)
    share = f" ({both / max(1, len(outcomes)):.1%})" if name.startswith("all") else ""
    return f"| {name} | {len(outcomes)} | {by_rules} | {by_measures} | {both}{share} |"


def main() -> None:
    os.environ["SADDLE_PLUGINS"] = "clinic_parts"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["mend", "judge"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--half", choices=["seen", "unseen"], default="seen")
    parser.add_argument("--limit", type=int, help="mend at most so many")
    parser.add_argument("--verbose", action="store_true", help="print each run that is not mended, and why")
    parser.add_argument("--here", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.command == "judge":
        judge(arguments.half, arguments.verbose)
    elif arguments.folder is None:
        parser.error("mend needs a FOLDER")
    elif arguments.here is not None:
        mend_here(arguments.folder, arguments.half, arguments.here)
    else:
        mend(arguments.folder, arguments.half, arguments.limit)


if __name__ == "__main__":
    main()
