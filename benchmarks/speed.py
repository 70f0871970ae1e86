"""Speed, A against B: `python benchmarks/speed.py CASE ... [--rounds 5] [--without bf16] [--out FILE]`

Each variant of a case is a process of its own (benchmarks/speed_one.py) on one thread, one after the other, the whole
list again in each round. Prints for each variant images per CPU second (median, lowest and highest), the same by the
clock on the wall, CPU seconds per 1,000 images, the peak of memory, the time to the first iteration, and the ratios of
images per CPU second to other variants, taken round by round. CPU seconds are those of the whole process, all its
threads; other work on the machine changes them far less than it does the time on the wall.

The case `live` logs, draws, saves and compares at the default cadence: its window of 200,000 images holds one
comparison, as many as there are on average in a run of a million. In the others nothing is compared.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch

from saddle.config.options import options, options_where
from saddle.loss.base import Loss
from saddle.penalty.base import WeightConstraint

ONE = Path(__file__).with_name("speed_one.py")
TUTORIAL = "experiment=none architecture=mlp loss=non_saturating penalty=none trainer=cpu"
TUTORIAL += " optimizer.lr=2e-4 optimizer.betas=[0.5,0.999]"
SMALL_DCGAN = (
    "experiment=none architecture=dcgan loss=non_saturating penalty=none optimizer.lr=2e-4"
    " optimizer.betas=[0.5,0.999] trainer=cpu"
)
LARGE_DCGAN = SMALL_DCGAN + " architecture.generator.widths=[128,64] architecture.discriminator.widths=[64,128]"
WIDE_DCGAN = SMALL_DCGAN + " architecture.generator.widths=[256,128] architecture.discriminator.widths=[128,256]"
QUIET = "callback.quality.extractor=none"
FAST = "training=fast"
FASTEST = "training=fastest"


@dataclass(frozen=True)
class Case:
    """Variants by name: a kind of benchmarks/speed_one.py and further overrides. Ratios are to those of `against`."""

    settings: str
    warm_up: int
    steps: int
    variants: dict[str, tuple[str, str]]
    against: tuple[str, ...] = ("tutorial", "bare")


def tutorial(batch_size: int, warm_up: int, steps: int) -> Case:
    variants = {
        "tutorial": ("tutorial", ""),
        "bare": ("bare", ""),
        "default": ("saddle", QUIET),
        "default, one by one": ("saddle", f"{QUIET} training.block=1"),
        "fast": ("saddle", f"{QUIET} {FAST}"),
        "fast, without the Trainer": ("step", f"{QUIET} {FAST}"),
        "fastest (bf16)": ("saddle", f"{QUIET} {FASTEST}"),
    }
    return Case(f"{TUTORIAL} data.batch_size={batch_size}", warm_up, steps, variants)


def kinds(settings: str, warm_up: int, steps: int) -> Case:
    """Every loss and every penalty."""
    bounded = options_where("loss", lambda loss: issubclass(loss, Loss) and loss.needs_lipschitz)
    constraints = options_where("penalty", lambda penalty: issubclass(penalty, WeightConstraint))
    parts = {name: f"loss={name} penalty=none" for name in options("loss") if name not in bounded}
    for loss in bounded:
        for penalty in ("gradient_penalty", *constraints):
            parts[f"{loss}, {penalty}"] = f"loss={loss} penalty={penalty}"
    parts["relativistic, r1 and r2"] = "loss=relativistic penalty=[r1,r2]"
    for penalty in options("penalty"):
        if penalty not in ("none", "gradient_penalty", *constraints):
            parts[penalty] = f"loss=non_saturating penalty={penalty}"
    return Case(f"{settings} data.batch_size=64 trainer=cpu", warm_up, steps, three_ways(parts), ("minimax",))


def games(warm_up: int, steps: int) -> Case:
    """Every experiment, and so every game and architecture, at its own settings."""
    parts = {name: f"experiment={name}" for name in options("experiment")}
    return Case("trainer=cpu", warm_up, steps, three_ways(parts), ("tutorial",))


def three_ways(parts: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Each as users run it, its iterations alone, and with the compiled executor."""
    variants = {}
    for name, chosen in parts.items():
        variants[name] = ("saddle", f"{QUIET} {chosen}")
        variants[f"{name}; steps alone"] = ("step", f"{QUIET} {chosen}")
        variants[f"{name}; fast"] = ("saddle", f"{QUIET} {chosen} {FAST}")
    return variants


def dcgan(settings: str, warm_up: int, steps: int) -> Case:
    variants = {
        "tutorial": ("tutorial", ""),
        "bare": ("bare", ""),
        "default": ("saddle", QUIET),
        "channels last": ("saddle", f"{QUIET} training.channels_last=true"),
        "fast, channels first": ("saddle", f"{QUIET} {FAST} training.channels_last=false"),
        "fast": ("saddle", f"{QUIET} {FAST}"),
        "channels last, bf16": ("saddle", f"{QUIET} training.channels_last=true trainer.precision=bf16-mixed"),
        "fastest (bf16)": ("saddle", f"{QUIET} {FASTEST}"),
    }
    return Case(f"{settings} data.batch_size=64", warm_up, steps, variants)


CASES = {
    "live": Case(
        f"{TUTORIAL} data.batch_size=64",
        1600,
        3125,
        {
            "tutorial": ("tutorial", ""),
            "bare": ("bare", ""),
            "live": ("saddle", ""),
            "live, fast": ("saddle", FAST),
            "live, fastest (bf16)": ("saddle", FASTEST),
        },
    ),
    "mlp-64": tutorial(64, 100, 500),
    "mlp-256": tutorial(256, 50, 200),
    "mlp-1024": tutorial(1024, 50, 100),
    "mlp-4096": tutorial(4096, 10, 40),
    "mlp-kinds": kinds("architecture=mlp", 50, 250),
    "dcgan-kinds": kinds("architecture=dcgan", 10, 50),
    "games": games(10, 50),
    "dcgan": dcgan(SMALL_DCGAN, 50, 100),
    "large-dcgan": dcgan(LARGE_DCGAN, 50, 30),
    "wide-dcgan": dcgan(WIDE_DCGAN, 10, 20),
    "data": Case("architecture=mlp trainer=cpu data.batch_size=64", 900, 9000, {"data": ("data", "")}, ()),
    "recipe": Case(
        "trainer=cpu",
        50,
        200,
        {
            "default": ("saddle", QUIET),
            "channels last": ("saddle", f"{QUIET} training.channels_last=true"),
            "fast, channels first": ("saddle", f"{QUIET} {FAST} training.channels_last=false"),
            "fast": ("saddle", f"{QUIET} {FAST}"),
        },
        ("default",),
    ),
}


def timed(case: Case, kind: str, overrides: str) -> dict[str, float]:
    """One process; what it printed."""
    command = [sys.executable, str(ONE), kind, str(case.warm_up), str(case.steps)]
    command += [*case.settings.split(), *overrides.split()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def ratios(mine: list[dict[str, float]], theirs: list[dict[str, float]]) -> str:
    return spread([b["cpu"] / a["cpu"] * a["images"] / b["images"] for a, b in zip(mine, theirs, strict=True)])


def spread(values: list[float], form: str = ".2f") -> str:
    """The median, the lowest and the highest."""
    middle, lowest, highest = (format(value, form) for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({lowest}-{highest})"


def table(name: str, case: Case, runs: dict[str, list[dict[str, float]]]) -> str:
    against = [other for other in case.against if other in runs]
    head = ["images/CPU s", "images/s", "CPU s/1000", "MiB", "first s", *(f"/ {other}" for other in against)]
    lines = [f"{name}: {case.settings}; {case.steps} iterations after {case.warm_up}"]
    lines.append(f"{'':44}{head[0]:>22}{''.join(f'{text:>19}' for text in head[1:])}")
    for variant, found in runs.items():
        speeds = [run["images"] / run["cpu"] for run in found]
        cells = [f"{statistics.median(run['images'] / run['wall'] for run in found):,.0f}"]
        cells.append(f"{1000 / statistics.median(speeds):.3f}")
        cells.append(f"{max(run['peak_mib'] for run in found):.0f}")
        cells.append(f"{statistics.median(run['first_s'] for run in found):.1f}")
        cells += [ratios(found, runs[other]) for other in against]
        lines.append(f"{variant:44}{spread(speeds, ',.0f'):>22}{''.join(f'{cell:>19}' for cell in cells)}")
    return "\n".join(lines)


def about(rounds: int) -> str:
    """Hardware, date, versions and n."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), model)
    machine = f"{os.cpu_count()} cores, {model}, {torch.backends.cpu.get_cpu_capability()}"
    return f"{date.today()}; {machine}; torch {torch.__version__}; medians of {rounds} rounds"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+", choices=CASES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without", metavar="TEXT", help="leave out variants with this in their names")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    for name in arguments.cases:
        case, runs = CASES[name], {}
        left_out = arguments.without or "\n"
        variants = {variant: given for variant, given in case.variants.items() if left_out not in variant}
        for number in range(arguments.rounds):
            for variant, (kind, overrides) in variants.items():
                runs.setdefault(variant, []).append(timed(case, kind, overrides))
                print(number, variant, runs[variant][-1], file=sys.stderr, flush=True)
        text = f"{about(arguments.rounds)}\n{table(name, case, runs)}\n\n"
        print(text)
        if arguments.out:
            with arguments.out.open("a") as file:
                file.write(text)


if __name__ == "__main__":
    main()
