"""Runs that are broken on purpose, and healthy ones, by which `saddle diagnose` is examined.

    python benchmarks/clinic.py list
    python benchmarks/clinic.py train FOLDER --half seen
    python benchmarks/clinic.py examine FOLDER --half seen
    python benchmarks/clinic.py judge --half seen

`list` prints every run: its cause, strength, half and settings. `train` trains those of one half, several in one
process, and skips what is trained, so that it goes on where it stopped. `examine` writes the symptoms of each run as
one line of docs/diagnosis/seen.jsonl or unseen.jsonl. `judge` reads these lines, judges them by the rules as they
stand, and prints the confusion matrix.

Which run is in which half is drawn for each cause by a seed. The rules may be tuned on the seen half alone.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["SADDLE_PLUGINS"] = "clinic_parts"
sys.path.insert(0, str(Path(__file__).parent))

HALF_SEED = 27
MARKER = "clinic.json"
RUNS_IN_A_PROCESS = 30
LINES = Path(__file__).resolve().parents[1] / "docs" / "diagnosis"

QUIET = [
    *("experiment=none", "trainer=cpu", "logger=none", "objective=null", "callback.quality.extractor=none"),
    *("~callback.samples", "~callback.progress", "~callback.game", "~callback.points"),
    *("trainer.log_every_n_steps=10", "callback.health.every_iterations=10", "callback.health.probe_iterations=50"),
]


@dataclass(frozen=True)
class Base:
    """Data, networks and loss that a run is made of, and its length in iterations."""

    data: str
    networks: str
    loss: str
    iterations: int
    settings: tuple[str, ...]


_MLP = "architecture=mlp architecture.generator.hidden=[128,128] architecture.discriminator.hidden=[128,128]"
_DCGAN = "architecture=dcgan architecture.generator.widths=[24,12] architecture.discriminator.widths=[8,16]"
_DCGAN += " architecture.discriminator.hidden=64 architecture.generator.initialization=he"
_DCGAN += " architecture.discriminator.initialization=he"
_RESIDUAL = "architecture=residual architecture.conditional=false architecture.generator.widths=[16,8]"
_RESIDUAL += " architecture.discriminator.widths=[8,16] architecture.discriminator.hidden=64"
_NETWORKS = {"mlp": (_MLP, 400), "dcgan": (_DCGAN, 150), "residual": (_RESIDUAL, 120), "points": ("", 400)}
_POINTS = "architecture=points architecture.generator.hidden=[64,64] architecture.discriminator.hidden=[64,64]"
_DATA = {
    "ring": f"data=ring data.size=4000 data.std=0.05 {_POINTS}",
    "digits": "data=digits data.image_size=16",
    "mnist": "data=mnist data.image_size=16 data.limit=4000",
    "robots": "data=robots data.image_size=16 data.size=1000",
}


def _base(data: str, networks: str, loss: str) -> Base:
    settings, iterations = _NETWORKS[networks]
    penalty = "penalty=default" if data != "ring" else "penalty=r1 penalty.r1.weight=0.1"
    return Base(data, networks, loss, iterations, tuple(f"{_DATA[data]} {settings} loss={loss} {penalty}".split()))


BASES = [
    _base("digits", "mlp", "non_saturating"),
    _base("ring", "points", "hinge"),
    _base("mnist", "mlp", "relativistic"),
    _base("digits", "dcgan", "hinge"),
    _base("robots", "mlp", "least_squares"),
    _base("ring", "points", "non_saturating"),
    _base("digits", "mlp", "relativistic"),
    _base("mnist", "dcgan", "non_saturating"),
    _base("mnist", "mlp", "least_squares"),
    _base("robots", "dcgan", "relativistic"),
    _base("digits", "mlp", "hinge"),
    _base("digits", "residual", "relativistic"),
]


@dataclass(frozen=True)
class Patient:
    """A run of the clinic: `cause` is what was done to it, in one of several strengths, 0 the weakest."""

    name: str
    cause: str
    strength: int
    base: Base
    seed: int
    settings: tuple[str, ...]
    half: str = ""

    def overrides(self, folder: Path) -> list[str]:
        """The settings of the whole run, in `folder`."""
        kept = [text for text in self.base.settings if text.split("=")[0] not in _chosen(self.settings)]
        steps = dict(text.split("=", 1) for text in self.settings if "=" in text).get("trainer.max_steps")
        iterations = int(steps) if steps else self.base.iterations
        rows = dict(text.split("=", 1) for text in self.settings if "=" in text).get("data.batch_size", "32")
        quarter = max(1, iterations * int(rows) // 4)
        own = [f"seed={self.seed}", f"checkpoints.every_images={quarter}", f"hydra.run.dir={folder}"]
        if not steps:
            own.append(f"trainer.max_steps={iterations}")
        if not any("data.batch_size" in text for text in self.settings):
            own.append("data.batch_size=32")
        return [*QUIET, *kept, *self.settings, *own]


def _chosen(settings: tuple[str, ...]) -> set[str]:
    """Groups and settings that a fault chooses itself; with a group go the settings below it."""
    names = {text.split("=")[0] for text in settings}
    return names | ({"penalty.r1.weight"} if "penalty" in names else set())


IMAGES = tuple(base for base in BASES if base.data != "ring")
NO_ROBOTS = tuple(base for base in IMAGES if base.data != "robots")
RELU_PARTS = tuple(base for base in BASES if base.networks != "residual")
_CLASS = {"mlp": "Mlp", "dcgan": "Dcgan", "points": "Points"}
_DATA_CLASS = {"digits": "Digits", "mnist": "Mnist", "robots": "Robots"}


def _faults(base: Base) -> dict[str, list[str]]:
    """Settings of each strength by cause, as far as a cause can be had on this base."""
    rate = 0.002
    faults = {
        "discriminator_too_strong": [
            *(f"optimizer.generator.lr={rate / factor:g}" for factor in (30, 100, 300)),
            f"game.n_critic=10 optimizer.generator.lr={rate / 10:g}",
        ],
        "discriminator_too_weak": [f"optimizer.discriminator.lr={rate / factor:g}" for factor in (30, 100, 300, 1000)],
        "no_penalty": [f"penalty=none game.n_critic={number}" for number in (1, 2, 3, 4)],
        "penalty_too_heavy": [f"penalty=r1 penalty.r1.weight={weight}" for weight in (30, 100, 1000, 10000)],
        "rates_too_high": [f"optimizer.lr={rate * factor:g}" for factor in (8, 15, 30, 100)],
        "momentum_too_high": [f"optimizer.betas=[{beta},0.999]" for beta in (0.95, 0.97, 0.98, 0.99)],
        "average_lags": [
            f"training.ema.warmup=0 training.ema.half_life_images={images}"
            for images in (20_000, 50_000, 200_000, 10**6)
        ],
        "average_jumps": [f"training.ema.warmup=0 training.ema.half_life_images={images}" for images in (1, 8, 16, 32)],
        "budget_too_short": [f"trainer.max_steps={steps}" for steps in (40, 30, 20, 12)],
        "plateau": [
            " ".join(
                f"training.schedule.{turn}.{horizon}"
                for turn in ("discriminator", "generator")
                for horizon in _to(base, share)
            )
            for share in (0.65, 0.6, 0.55, 0.5)
        ],
    }
    if base.networks in _CLASS:
        kind, part = _CLASS[base.networks], "architecture.{}._target_=clinic_parts.{}{}{}"
        relu = "architecture.{}.activation=relu"
        for cause, network, fault in (
            ("few_modes", "generator", "Folded"),
            ("one_image", "generator", "Faint"),
            ("dead_generator", "generator", "NumbGenerator"),
            ("dead_discriminator", "discriminator", "NumbDiscriminator"),
        ):
            strengths = [part.format(network, kind, fault, number) for number in range(4)]
            faults[cause] = [f"{text} {relu.format(network)}" for text in strengths]
        undeclared = f"architecture.discriminator._target_=clinic_parts.{kind}Undeclared"
        undeclared += " architecture.discriminator.normalization=batch"
        penalties = ("r1", "[r1,r2]", "gradient_penalty", "dragan")
        faults["batch_norm_under_penalty"] = [f"{undeclared} penalty={penalty}" for penalty in penalties]
    if base.data == "ring":
        faults["data_range"] = [f"data.scale={scale}" for scale in (20, 50, 0.02, 0.01)]
        return faults
    data = f"data._target_=clinic_parts.{_DATA_CLASS[base.data]}"
    faults["data_range"] = [f"{data}Squeezed{number}" for number in (3, 2, 1, 0)]
    faults["wrong_labels"] = [f"{data}Mislabeled{number} architecture.conditional=true" for number in range(4)]
    faults["too_few_images"] = [f"data.limit={limit} data.batch_size={min(limit, 16)}" for limit in (24, 16, 8, 4)]
    fill = 1 if base.data == "robots" else -1
    leak = f"augmentation=diffaugment augmentation.diffaugment.fill={fill}.0"
    faults["augmentation_leaks"] = [
        f"{leak} augmentation.diffaugment.translation={shift} augmentation.diffaugment.cutout={cutout}"
        for shift, cutout in ((0.2, 0.0), (0.0, 0.6), (0.3, 0.0), (0.3, 0.5))
    ]
    return faults


def _to(base: Base, share: float) -> list[str]:
    """A learning rate that falls to 0 over that share of a run of twice the base's length."""
    return ["shape=cosine", f"horizon_images={int(share * 32 * 2 * base.iterations)}"]


def _longer(base: Base, cause: str, settings: str) -> str:
    return f"{settings} trainer.max_steps={2 * base.iterations}" if cause == "plateau" else settings


HEALTHY = [
    "",
    "optimizer.lr=0.0015",
    "optimizer.betas=[0.0,0.9]",
    "optimizer.generator.lr=0.001",
    "optimizer.discriminator.lr=0.001",
    "game.n_critic=2",
    "training.ema=null",
    "IMAGES augmentation=diffaugment augmentation.diffaugment.translation=0.125 augmentation.diffaugment.cutout=0.3",
    "IMAGES architecture.conditional=true",
    "data.limit=1000",
    "data.batch_size=64",
]
"""Variations of a base that all work; IMAGES: not on points."""


def patients() -> list[Patient]:
    """All runs, in an order in which any beginning holds all causes."""
    chosen: list[Patient] = []
    for repetition in range(3):
        for strength in range(4):
            chosen += _round(repetition, strength)
    return _halved(chosen)


def _round(repetition: int, strength: int) -> Iterator[Patient]:
    """One run of each cause, and seven healthy ones."""
    number = 4 * repetition + strength
    causes = list(dict.fromkeys(cause for base in BASES for cause in _faults(base)))
    for place, cause in enumerate(causes):
        able = [base for base in BASES if cause in _faults(base)]
        base = able[(number * 5 + place) % len(able)]
        settings = _longer(base, cause, _faults(base)[cause][strength])
        yield _patient(cause, strength, base, number, settings)
    for place in range(7):
        index = 7 * number + place
        base = BASES[index % len(BASES)]
        settings = HEALTHY[index % len(HEALTHY)]
        if settings.startswith("IMAGES"):
            settings = "" if base.data == "ring" else settings.removeprefix("IMAGES ")
        if "conditional" in settings and base.networks == "residual":
            settings = ""
        yield _patient("healthy", index % 4, base, index, settings)


def _patient(cause: str, strength: int, base: Base, number: int, settings: str) -> Patient:
    name = f"{cause}_{number:02d}_{base.data}_{base.networks}_{base.loss}"
    return Patient(name, cause, strength, base, 100 + number, tuple(settings.split()))


def _halved(chosen: list[Patient]) -> list[Patient]:
    """The runs, half of each cause seen, drawn by `HALF_SEED`."""
    halves: dict[str, str] = {}
    generator = random.Random(HALF_SEED)
    for cause in dict.fromkeys(patient.cause for patient in chosen):
        names = [patient.name for patient in chosen if patient.cause == cause]
        generator.shuffle(names)
        for index, name in enumerate(names):
            halves[name] = "seen" if index % 2 == 0 else "unseen"
    return [Patient(**{**vars(patient), "half": halves[patient.name]}) for patient in chosen]


# train


def train(folder: Path, half: str, limit: int | None) -> None:
    """Train the runs of a half that are not trained yet, in processes that each train several."""
    while True:
        rest = [patient for patient in patients() if patient.half == half and not _is_done(folder, patient)]
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
    rest = [patient for patient in patients() if patient.half == half and not _is_done(folder, patient)]
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
    import saddle

    LINES.mkdir(exist_ok=True)
    file = LINES / f"{half}.jsonl"
    known = {line["name"] for line in lines_of(half)}
    for patient in patients():
        if patient.half != half or patient.name in known or not _is_done(folder, patient):
            continue
        line = _line(saddle, folder / patient.name, patient)
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")


def _line(saddle: Any, run: Path, patient: Patient) -> dict[str, Any]:
    """What is kept of a run: what was done to it, its symptoms, its alarms, and the seconds of the examination."""
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
        "symptoms": {name: _rounded(value) for name, value in found.symptoms.items()},
        "unseen": [text.replace(str(run), "RUN") for text in found.unseen],
        "alarms": alarms,
        "failed": outcome["failure"] is not None,
        "cpu_seconds": outcome["cpu_seconds"],
        "seconds": round(seconds, 2),
    }


def _rounded(value: float) -> float:
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
    from saddle.diagnosis.judge import judged
    from saddle.diagnosis.table import read_table

    table = read_table()
    counts: dict[str, dict[str, int]] = {}
    first = second = ill = wrongly_ill = healthy = 0
    for line in lines_of(half):
        found = [diagnosis.cause.name for diagnosis in judged(table, line["symptoms"])]
        named = found[0] if found else "healthy"
        cause = line["cause"]
        counts.setdefault(cause, {})[named] = counts.setdefault(cause, {}).get(named, 0) + 1
        if cause in WELL:
            healthy += 1
            wrongly_ill += named not in WELL
        else:
            ill += 1
            first += named == cause
            second += cause in found[:2]
        if verbose and named != cause:
            print(line["name"], "->", [(d.cause.name, round(d.score, 2)) for d in judged(table, line["symptoms"])[:3]])
    print(matrix(counts))
    print(f"broken runs: {ill}; cause named first: {first / ill:.0%}; among the first two: {second / ill:.0%}")
    print(f"healthy runs: {healthy}; called ill: {wrongly_ill / max(1, healthy):.1%}")


WELL = ("healthy", "plateau")
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["list", "train", "examine", "judge"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--half", choices=["seen", "unseen"], default="seen")
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
