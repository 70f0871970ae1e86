"""The Trainer's loop against the same step in a bare loop: `python benchmarks/loop.py [ROUNDS] [OVERRIDES ...]`.

Both play the adversarial game with identical networks, batches, loss and optimizers, in one process, in turn: A B A B.
A is the run that a user gets (Trainer, default callbacks and logging); B is plain torch without noise by counters,
average, logs, grids or checkpoints. Prints images/s of each round, the medians and the ratio A / B.
"""

import contextlib
import io
import os
import statistics
import sys
import tempfile
import time

from saddle.cli.threads import set_thread_policy

set_thread_policy()

import saddle.compat  # noqa: F401, E402  isort: skip
import torch  # noqa: E402
from hydra import compose, initialize_config_dir  # noqa: E402
from lightning import Callback  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

from saddle.cli.build import build  # noqa: E402
from saddle.cli.launch import config_folder, plain_config, unique_folder  # noqa: E402

WARM_UP, STEPS = 60, 400


class Stopwatch(Callback):
    """Seconds from the end of the warm-up to the end of the last iteration."""

    def on_train_batch_end(self, trainer, module, *_):
        if trainer.global_step == WARM_UP:
            self.begun = time.perf_counter()
        if trainer.global_step == WARM_UP + STEPS:
            self.seconds = time.perf_counter() - self.begun


def with_trainer(config: dict) -> float:
    """Images per second of a run as users get it."""
    watch = Stopwatch()
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        built = build(config)
        built.trainer.callbacks.append(watch)
        built.trainer.fit(built.module, datamodule=built.data)
    return STEPS * built.data.rows / watch.seconds


def bare(config: dict) -> float:
    """Images per second of the same step in plain torch."""
    built = build(config)
    generator, discriminator = built.module.generator, built.module.discriminator
    optimizers = {
        name: make(getattr(built.module, name).parameters()) for name, make in built.module.make_optimizer.items()
    }
    images, _ = built.data.load()
    loss, rows = built.module.game.loss, built.data.rows
    for step in range(WARM_UP + STEPS):
        if step == WARM_UP:
            begun = time.perf_counter()
        real = images[torch.randint(len(images), (rows,))].float().div_(127.5).sub_(1.0)
        latent = torch.randn(rows, generator.latent_dim)
        with torch.no_grad():
            fake = generator(latent)
        loss_d = loss.discriminator(discriminator(real), discriminator(fake)).mean()
        optimizers["discriminator"].zero_grad()
        loss_d.backward()
        optimizers["discriminator"].step()
        discriminator.requires_grad_(False)
        loss_g = loss.generator(discriminator(generator(latent))).mean()
        optimizers["generator"].zero_grad()
        loss_g.backward()
        optimizers["generator"].step()
        discriminator.requires_grad_(True)
    return STEPS * rows / (time.perf_counter() - begun)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    OmegaConf.register_new_resolver("saddle.unique", unique_folder, use_cache=True, replace=True)
    speeds: dict[str, list[float]] = {"trainer": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(config_folder(), version_base="1.3"):
        for number in range(rounds):
            fixed = [f"folder={folder}/{number}", f"trainer.max_steps={WARM_UP + STEPS}", "trainer=cpu"]
            config = plain_config(compose("train", [*sys.argv[2:], *fixed]))
            speeds["trainer"].append(with_trainer(config))
            speeds["bare"].append(bare(config))
            print({name: round(values[-1]) for name, values in speeds.items()}, flush=True)
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    ratios = sorted(a / b for a, b in zip(speeds["trainer"], speeds["bare"], strict=True))
    print(f"threads {torch.get_num_threads()}, cores {os.cpu_count()}, rounds {rounds}, overrides {sys.argv[2:]}")
    print({name: round(value) for name, value in medians.items()}, "images/s (median)")
    print(f"trainer / bare: median {statistics.median(ratios):.3f}, from {ratios[0]:.3f} to {ratios[-1]:.3f}")


if __name__ == "__main__":
    main()
