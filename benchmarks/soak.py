"""One long run that is killed again and again, against the same run left alone.

    python benchmarks/soak.py FOLDER [--minutes 60] [--iterations 30000] [--latest 90] [OVERRIDES ...]

Trains the digits twice in FOLDER, side by side: `straight`, left alone, and `killed`, by `python train.py keep=...`. Of
the latter the training process is killed (-9) at random instants, at times with the process that watches over it, after
which the same command is given again, as after a reboot. In the end it is left to finish. Then all of both
last.ckpt is compared, bit by bit, but for the seconds of wall time. Memory, open files and disk use of the process that
trains are read every five seconds. Prints the report that stands in docs/speed/soak.txt.
"""

import argparse
import math
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
SETTINGS = ["data=digits", "architecture=mlp", "checkpoints.every_images=8000", "callback.quality.num=1000"]
SETTINGS += ["callback.quality.every_images=200000", "callback.game.every_images=null"]
EVERY = 5  # seconds between two looks
EARLIEST = 1  # seconds after a start


@dataclass
class Watch:
    """What was seen of the processes that trained: rows of seconds, iteration, MiB, open files, MiB on disk."""

    begun: float = field(default_factory=time.monotonic)
    rows: list[tuple[float, int, float, int, float]] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)

    def look(self, pid: int, folder: Path) -> None:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        except OSError:
            return  # it has just ended
        resident = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")), "0")
        self.rows.append((time.monotonic() - self.begun, at(folder), int(resident) / 1024, files, disk(folder)))


def at(folder: Path) -> int:
    """The iteration of the latest checkpoint."""
    return max((int(path.stem) for path in folder.glob("checkpoints/*.ckpt") if path.stem.isdecimal()), default=0)


def disk(folder: Path) -> float:
    """MiB of the files in a folder, those that are gone meanwhile left out; of one with two names, once."""
    sizes = {}
    for path in folder.rglob("*"):
        try:
            sizes[path.stat().st_ino] = path.stat().st_size
        except OSError:
            continue
    return sum(sizes.values()) / 2**20


def child_of(pid: int) -> int | None:
    """The process that a process has started, if there is one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def start(log: Path, *overrides: str) -> subprocess.Popen:
    with log.open("a") as file:
        return subprocess.Popen(
            [sys.executable, "train.py", *overrides], cwd=REPOSITORY, stdout=file, stderr=file, start_new_session=True
        )


def left_alone(folder: Path, overrides: list[str]) -> Watch:
    """The straight run."""
    watch, process = Watch(), start(folder.with_suffix(".log"), f"hydra.run.dir={folder}", *overrides)
    while process.poll() is None:
        watch.look(process.pid, folder)
        time.sleep(EVERY)
    assert process.returncode == 0, folder.with_suffix(".log").read_text()[-2000:]
    return watch


def killed(folder: Path, minutes: float, latest: float, overrides: list[str], chance: random.Random) -> Watch:
    """The run that is killed for so many minutes, at most `latest` seconds after each start, then left to finish."""
    watch, log = Watch(), folder.with_suffix(".log")
    process = start(log, f"keep={folder}", *overrides)
    trainer, kill_at = None, 0.0
    while process.poll() != 0:
        if process.poll() is not None:
            assert process.returncode == 137, log.read_text()[-2000:]
            watch.kills.append("(given up after three starts without a checkpoint; the command given again)")
            process = start(log, f"keep={folder}", *overrides)
        now, child = time.monotonic() - watch.begun, child_of(process.pid)
        if child != trainer:
            trainer, kill_at = child, now + chance.uniform(EARLIEST, latest)
        if trainer is not None and now < 60 * minutes and now >= kill_at:
            kill_both = chance.random() < 0.2
            if kill_both:
                os.kill(process.pid, signal.SIGKILL)
            os.kill(trainer, signal.SIGKILL)
            kill_at = math.inf
            watch.kills.append(f"{now:.1f} s at {at(folder)}{', both processes' if kill_both else ''}")
            if kill_both:
                process.wait()
                process = start(log, f"keep={folder}", *overrides)
        elif trainer is not None and (not watch.rows or now - watch.rows[-1][0] >= EVERY):
            watch.look(trainer, folder)
        time.sleep(0.05)
    return watch


def differences(first: Any, second: Any, path: str = "") -> list[str]:
    """Where two nested values differ in any bit."""
    import torch

    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        return [line for key in first for line in differences(first[key], second[key], f"{path}.{key}")]
    if isinstance(first, list | tuple) and isinstance(second, list | tuple) and len(first) == len(second):
        pairs = enumerate(zip(first, second, strict=True))
        return [line for i, (one, other) in pairs for line in differences(one, other, f"{path}.{i}")]
    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return [] if torch.equal(first, second) else [path]
    return [] if first == second else [path]


def compared(straight: Path, other: Path) -> tuple[int, list[str]]:
    """The number of tensors in last.ckpt, and where the two differ."""
    import torch

    contents = [torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True) for folder in (straight, other)]
    for content in contents:
        content["callbacks"].pop("Summary")  # seconds of wall time

    def tensors(value: Any) -> int:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        return isinstance(value, torch.Tensor) + sum(map(tensors, parts))

    return tensors(contents[0]), differences(*contents)


def shown(name: str, watch: Watch) -> list[str]:
    """A few lines on what was seen of a run."""
    seconds, *_ = watch.rows[-1]
    kills = sum(not kill.startswith("(") for kill in watch.kills)
    lines = [
        f"{name}: {seconds:.0f} s, {kills} kills",
        "   seconds  iteration  memory MiB  open files  disk MiB",
    ]
    step = max(1, len(watch.rows) // 20)
    lines += [f"  {t:8.0f} {i:10d} {m:11.1f} {f:11d} {d:9.2f}" for t, i, m, f, d in watch.rows[::step]]
    settled = [row for row in watch.rows if row[3] >= 5][len(watch.rows) // 10 :] or watch.rows
    half = len(settled) // 2
    for title, column in (("memory MiB", 2), ("open files", 3), ("disk MiB", 4)):
        values = [row[column] for row in settled]
        first, second = statistics.median(values[:half]), statistics.median(values[half:])
        lines.append(
            f"  {title}: median {first:.1f} in the first half, {second:.1f} in the second, {max(values):.1f} at most"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--iterations", type=int, default=30_000)
    parser.add_argument("--latest", type=float, default=90.0, help="seconds from a start to the latest kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_intermixed_args()
    folder = given.folder.resolve()
    folder.mkdir(parents=True)
    overrides = [*SETTINGS, f"trainer.max_steps={given.iterations}", *given.overrides]
    print(f"{platform.platform()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC")
    print(
        f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS')}, niceness {os.nice(0)}; {' '.join(overrides)}", flush=True
    )
    with ThreadPoolExecutor() as beside:
        straight = beside.submit(left_alone, folder / "straight", overrides)
        again = killed(folder / "killed", given.minutes, given.latest, overrides, random.Random(given.seed))
    print(*shown("left alone", straight.result()), *shown("killed", again), sep="\n")
    number, different = compared(folder / "straight", folder / "killed")
    print("kills, by seconds and the latest checkpoint:", *again.kills, sep="\n  ")
    left = [path.name for path in (folder / "killed").rglob(".*.ckpt.*")]
    print(f"files half written that were left: {left or 'none'}")
    print(f"last.ckpt, {number} tensors and all counters: {different or 'the same, bit by bit'}")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
