"""Sample quality after equal CPU time: `python benchmarks/quality.py OUT --seconds 300 --seeds 0,1 NAME=SETTINGS ...`

Each recipe (settings as for train.py, separated by spaces) is trained in this process on one thread, without pictures
and curves, until it has used so many CPU seconds; a busy neighbor does not change that much, as wall time does. Then
10,000 samples are compared with as many training images in the features of the classifier that comes with saddle, as
`saddle evaluate` does, and the game's own metrics are taken from 10,000 held-out images. A run leaves one file in OUT,
and a run whose file is there is skipped. Prints a table (Markdown).
"""

import argparse
import json
import logging
import os
import platform
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import Callback
from pairs import QUIET

from saddle.callback.game_metrics import agreements, game_metrics
from saddle.config.compose import compose
from saddle.factory.metrics import all_metrics
from saddle.factory.run import Run, build
from saddle.metric.base import MetricInputs, Read
from saddle.metric.extractor import extractor_for
from saddle.metric.measure import measured as metrics_of
from saddle.metric.reference import chosen, reference
from saddle.seed import hashed_seed
from saddle.training.sampling import images_from

SHOWN = ("frechet", "precision", "recall", "coverage")


class Budget(Callback):
    """Ends training after so many CPU seconds of this process, counted from the first iteration."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.used = seconds, 0.0

    def on_train_start(self, trainer: Any, module: Any) -> None:
        self.begun = time.process_time()

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        self.used = time.process_time() - self.begun
        trainer.should_stop = self.used >= self.seconds


def trained(settings: str, seed: int, seconds: float) -> tuple[Run, Budget]:
    """A run that has used its budget."""
    limits = ["trainer=cpu", "trainer.max_steps=-1", f"seed={seed}"]
    budget = Budget(seconds)
    built = build(compose([*settings.split(), *QUIET, *limits]))
    built.trainer.callbacks.append(budget)
    built.trainer.fit(built.module, datamodule=built.data_module)
    return built, budget


@torch.no_grad()
def measured(built: Run) -> dict[str, float]:
    """The metrics of the group `metric` that need features and classes alone, and those of the game."""
    module, data = built.module, built.data
    extractor = extractor_for("auto", data.extractor)
    real = reference(chosen(data.training()[0], 10_000), extractor, None)
    samples = images_from(
        module.sampler(),
        10_000,
        hashed_seed(module.seed, "quality"),
        module.sampled_labels(10_000),
        sources=data.to_translate(10_000),
    )
    networks = {name: module.finished(name) for name in module.game.needs}
    held_out = data.held_out(10_000)
    own = game_metrics(module.game, networks, held_out, module.seed)
    own |= agreements(module.game, networks, held_out, module.seed, data, extractor)
    return metrics_of(all_metrics(), MetricInputs(real, Read(*extractor(samples)))) | own


def row(name: str, settings: str, seed: int, seconds: float, out: Path) -> dict[str, Any]:
    """The metrics of one run, from its file if it was made before with the same settings."""
    path = out / f"{name}-{seed}.json"
    about = {"name": name, "settings": settings, "seed": seed, "seconds": seconds}
    if path.exists() and (kept := json.loads(path.read_text())).items() >= about.items():
        return kept
    built, budget = trained(settings, seed, seconds)
    found = about | {"iterations": built.module.clock.iteration, "images": built.module.clock.images}
    found |= {"cpu_seconds": round(budget.used, 1), "torch": torch.__version__, "machine": platform.machine()}
    found |= measured(built)
    path.write_text(json.dumps(found) + "\n")
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """One line per run."""
    lines = [f"| recipe | seed | images | {' | '.join(SHOWN)} | own |", "|---|" + "---:|" * (len(SHOWN) + 2) + "---|"]
    for found in rows:
        after = list(found)[list(found).index("confident") + 1 :] if "confident" in found else []
        own = ", ".join(f"{name} {found[name]:.4g}" for name in after)
        cells = [found["name"], found["seed"], f"{found['images']:,}", *(f"{found.get(n, 0):.4g}" for n in SHOWN), own]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("recipes", nargs="+", metavar="NAME=SETTINGS")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seeds", default="0")
    arguments = parser.parse_args()
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    recipes = dict(recipe.split("=", 1) for recipe in arguments.recipes)
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    rows = [row(*recipe, seed, arguments.seconds, arguments.out) for seed in seeds for recipe in recipes.items()]
    print(table(rows))


if __name__ == "__main__":
    main()
