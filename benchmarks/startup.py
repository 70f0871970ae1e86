"""How soon the command line answers: `python benchmarks/startup.py [--rounds 5] [--against FOLDER]`.

Each command is a process of its own, timed from its start to its end, or, where it trains, to the first grid after an
iteration, with which it is ended. Prints medians of wall and CPU seconds. With --against, FOLDER is another checkout,
and both are run in turn: A B A B.
"""

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
COMMANDS = {
    "help": ["train.py", "--help"],
    "a name that is wrong": ["train.py", "optimizer.lrr=1"],
    "a type that is wrong": ["train.py", "data.batch_size=abc"],
    "a range that is wrong": ["train.py", "optimizer.lr=-1"],
    "an option that is not there": ["train.py", "loss=hing"],
    "a flag of the Trainer that does not work here": ["train.py", "trainer.gradient_clip_val=1"],
    "a setting of a callback": ["train.py", "callback.samples.num=0"],
    "a class that may not be built": ["train.py", "loss._target_=os.system"],
    "a combination that is unsound": ["train.py", "loss=wasserstein", "penalty=none"],
    "points and networks for images": ["train.py", "experiment=ring", "architecture=mlp"],
    "a network that is too large": ["train.py", "architecture.generator.widths=[65536,65536]"],
    "a run that is not there": ["train.py", "resume=nowhere"],
    "saddle --help": ["-m", "saddle", "--help"],
    "saddle sample --help": ["-m", "saddle", "sample", "--help"],
    "the first iteration": ["train.py", "data=digits", "trainer=cpu"],
}
_LONGEST = 120  # seconds


def seconds(command: list[str], checkout: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one process."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    first, *rest = command
    script = [str(checkout / first)] if first.endswith(".py") else [first]
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *script, *rest],
            env=environment,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if "data=digits" not in rest:
            _, _, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begun
        else:
            while not list(Path(folder).glob("outputs/*/*/samples/00000001.png")):
                if process.poll() is not None or time.perf_counter() - begun > _LONGEST:
                    raise RuntimeError(f"{command} did not train")
                time.sleep(0.01)
            wall = time.perf_counter() - begun
            process.kill()
            _, _, used = os.wait4(process.pid, 0)
    return wall, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout")
    asked = parser.parse_args()
    checkouts = [HERE] if asked.against is None else [asked.against.resolve(), HERE]
    found = {name: [[] for _ in checkouts] for name in COMMANDS}
    for number in range(asked.rounds + 1):
        for name, command in COMMANDS.items():
            for checkout, values in zip(checkouts, found[name], strict=True):
                spent = seconds(command, checkout)
                if number:  # the first round fills the disk's cache
                    values.append(spent)
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "lightning", "hydra-core"))
    print(f"{datetime.date.today()}, Python {platform.python_version()}, {packages}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}, medians of {asked.rounds}")
    columns = "wall s   CPU s" if asked.against is None else "wall s   CPU s     before: wall s   CPU s"
    print(f"\n{'':<48}{columns}")
    for name, runs in found.items():
        cells = [f"{statistics.median(v[i] for v in values):6.2f}" for values in reversed(runs) for i in (0, 1)]
        print(f"{name:<48}{cells[0]}  {cells[1]}" + (f"{cells[2]:>24}  {cells[3]}" if len(cells) > 2 else ""))


if __name__ == "__main__":
    main()
