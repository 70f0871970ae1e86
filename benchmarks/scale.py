"""Does an image cost the same in every size of data? `python benchmarks/scale.py [--largest 10000000] [--rounds 3]`

Synthetic images of 28x28 in files on disk, mapped into memory as a folder of images too big for memory is, from 1,000
images to `--largest`: the loader alone, over a million images in batches of 64 with the shuffle of each epoch; and the
tutorial's pair trained on them, as users do, each a process of its own, one size after the other, round after round.
Prints microseconds per image, CPU and by the clock on the wall, and CPU over the median of all sizes in the same round:
medians, lowest and highest. The last says whether sizes differ where the machine's speed changes from round to round.

With `--only loading` the pair is left out, with `--only training` the loader. To see what data beyond memory costs, run
it where memory is limited, by a container or a control group.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import saddle.compat  # noqa: F401  isort: skip
import torch
from speed import QUIET, TUTORIAL, about, spread
from speed_one import Stopwatch, Ticks

from saddle.config.compose import compose
from saddle.data.loader import MemoryLoader
from saddle.data.mapped import Mapped, mapped
from saddle.factory.run import build

PIXELS, ROWS, MANY = 28 * 28, 64, 1_000_000
WARM_UP, STEPS = 200, 1000


def write(path: Path, images: int) -> None:
    with path.open("wb") as file:
        for first in range(0, images, 100_000):
            count = min(100_000, images - first)
            file.write(np.random.default_rng(first).integers(0, 256, count * PIXELS, np.uint8).tobytes())


def opened(path: Path) -> Mapped:
    return mapped(path, (path.stat().st_size // PIXELS, 1, 28, 28))


def loading(path: Path) -> dict[str, float]:
    """The loader alone, after a million images or an epoch; the larger part of a small file is in memory by then."""
    rows, prefetch = opened(path)
    loader = MemoryLoader(rows, None, ROWS, seed=0, prefetch=prefetch)
    watch, seen = Stopwatch(MANY // ROWS, MANY // ROWS), 0
    while seen < watch.last:
        for _ in loader:
            seen += 1
            watch.tick(seen)
            if seen == watch.last:
                break
    return {"cpu": 1e6 * watch.cpu / MANY, "wall": 1e6 * watch.wall / MANY}


def training(path: Path) -> dict[str, float]:
    """The tutorial's pair by the default executor, nothing compared."""
    watch = Stopwatch(WARM_UP, STEPS)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        overrides = [*TUTORIAL.split(), QUIET, f"data.batch_size={ROWS}", f"trainer.max_steps={watch.last}"]
        built = build(compose([f"folder={folder}", *overrides]))
        rows, built.data.prefetch = opened(path)
        built.data.load_checked = lambda: (rows, None)
        built.trainer.callbacks.append(Ticks(watch))
        built.trainer.fit(built.module, datamodule=built.data_module)
    return {name: 1e6 * seconds / (STEPS * ROWS) for name, seconds in (("cpu", watch.cpu), ("wall", watch.wall))}


def table(found: dict[str, dict[int, list[dict[str, float]]]]) -> str:
    lines = [f"{'us per image':>32}{'CPU':>32}{'wall':>32}{'CPU / the round':>24}"]
    for what, by_size in found.items():
        rounds = [statistics.median(run["cpu"] for run in runs) for runs in zip(*by_size.values(), strict=True)]
        for images, runs in by_size.items():
            cells = [spread([run[name] for run in runs]) for name in ("cpu", "wall")]
            share = spread([run["cpu"] / usual for run, usual in zip(runs, rounds, strict=True)])
            lines.append(f"{what:10}{images:>12,} images{'':3}{cells[0]:>32}{cells[1]:>32}{share:>24}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=10_000_000)
    parser.add_argument("--smallest", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("loading", "training"))
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.one:
        print(json.dumps({"loading": loading, "training": training}[given.one[0]](Path(given.one[1]))))
        return
    print(about(given.rounds))
    sizes = [10**power for power in range(3, 8) if given.smallest <= 10**power <= given.largest]
    found: dict[str, dict[int, list[dict[str, float]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for images in sizes:
            write(Path(folder) / str(images), images)
        for _ in range(given.rounds):
            for what in (given.only,) if given.only else ("loading", "training"):
                for images in sizes:
                    command = [sys.executable, __file__, "--one", what, f"{folder}/{images}"]
                    done = subprocess.run(command, capture_output=True, text=True, check=False)
                    assert done.returncode == 0, done.stderr[-2000:]
                    run = json.loads(done.stdout.splitlines()[-1])
                    found.setdefault(what, {}).setdefault(images, []).append(run)
                    print(what, images, run, file=sys.stderr, flush=True)
    print(table(found))


if __name__ == "__main__":
    main()
