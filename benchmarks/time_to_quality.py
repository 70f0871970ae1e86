"""Time to quality: `python benchmarks/time_to_quality.py OUT --seconds 600 --seeds 0,1,2 NAME=SETTINGS ...`

Each recipe is trained in a process of its own on one thread. Whenever it has used a fifth more CPU seconds than at the
last time, 10,000 samples of what would be its result are compared with as many training images, as `saddle evaluate`
does. CPU seconds are those of the whole process and of its compilers, from its start, without the comparisons. A
busy neighbor does not change them much, as it does the time on the wall; alone on a core they are the same.

Prints for each recipe the minutes until the Frechet distance is below 100, 30, 10 and 3 times that of real test digits.
A run leaves one file in OUT, and a run whose file is there is skipped.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import Callback
from pairs import QUIET

from saddle.config.compose import compose
from saddle.factory.run import build
from saddle.metric.extractor import extractor_for
from saddle.metric.frechet import frechet_distance
from saddle.metric.reference import chosen, reference
from saddle.seed import hashed_seed
from saddle.training.sampling import images_from

TIMES, FIRST, GROWTH = (100, 30, 10, 3), 10.0, 1.2


def used() -> float:
    """CPU seconds of this process and of those that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Watch(Callback):
    """Compares samples now and then; ends training after so many CPU seconds."""

    def __init__(self, data: Any, seconds: float) -> None:
        self.extractor = extractor_for("auto", data.extractor)
        self.real = reference(chosen(data.training()[0], 10_000), self.extractor, None)
        tested = self.extractor(data.load_test()[0][:10_000])[0]
        self.floor = frechet_distance(self.real.features, tested)
        self.seconds, self.next, self.comparing = seconds, FIRST, 0.0
        self.found: list[tuple[float, int, float]] = []

    def next_due(self, iteration: int, rows: int) -> int:
        return iteration + 50

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        spent = used() - self.comparing
        if spent < self.next:
            return
        begun = used()
        labels = module.sampled_labels(10_000)
        samples = images_from(module.sampler(), 10_000, hashed_seed(module.seed, "quality"), labels)
        distance = frechet_distance(self.real.features, self.extractor(samples)[0])
        self.found.append((round(spent, 1), module.clock.images, distance))
        self.next = max(spent, self.next) * GROWTH
        self.comparing += used() - begun
        trainer.should_stop = self.next > self.seconds * 1.001 or distance < TIMES[-1] * self.floor
        print(self.found[-1], file=sys.stderr, flush=True)


def play(settings: str, seed: int, seconds: float, path: Path) -> None:
    limits = ["trainer=cpu", "trainer.max_steps=-1", f"seed={seed}"]
    built = build(compose([*settings.split(), *QUIET, *limits]))
    begun = used()
    watch = Watch(built.data, seconds)
    watch.comparing = used() - begun
    built.trainer.callbacks.append(watch)
    built.trainer.fit(built.module, datamodule=built.data_module)
    about = {"settings": settings, "seed": seed, "torch": torch.__version__, "floor": watch.floor}
    path.write_text(json.dumps({**about, "found": watch.found}) + "\n")


def minutes(content: dict[str, Any], times: int) -> str:
    """CPU minutes to the first comparison below `times` the floor."""
    below = [spent for spent, _, distance in content["found"] if distance < times * content["floor"]]
    return f"{below[0] / 60:.1f}" if below else f"> {content['found'][-1][0] / 60:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("recipes", nargs="+", metavar="NAME=SETTINGS")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--one", action="store_true", help="play the one recipe and seed here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if not arguments.one:
        print(f"| recipe | seed | {' | '.join(f'{times}x' for times in TIMES)} | last: minutes, images, distance |")
    for seed in arguments.seeds.split(","):
        for recipe in arguments.recipes:
            name, settings = recipe.split("=", 1)
            path = arguments.out / f"{name}-{seed}.json"
            if arguments.one:
                play(settings, int(seed), arguments.seconds, path)
                continue
            if not path.exists():
                options = ["--seconds", str(arguments.seconds), "--seeds", seed, "--one"]
                subprocess.run([sys.executable, __file__, str(arguments.out), recipe, *options], check=True)
            content = json.loads(path.read_text())
            spent, images, distance = content["found"][-1]
            cells = " | ".join(minutes(content, times) for times in TIMES)
            print(f"| {name} | {seed} | {cells} | {spent / 60:.1f}, {images:,}, {distance:.2f} |", flush=True)


if __name__ == "__main__":
    main()
