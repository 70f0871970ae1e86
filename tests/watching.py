"""Runs that callback.health watches, on small networks."""

import torch
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import fit, small_module
from saddle.architecture.mlp import Discriminator, Generator
from saddle.callback.curves import Curves
from saddle.callback.health import Health
from saddle.data.digits import Digits
from saddle.training.ema import EMA

TURNS = ("discriminator", "generator")


class Deaf(Generator):
    """Ignores its latent."""

    def forward(self, latent, labels=None):
        return super().forward(torch.zeros_like(latent), labels)


def digits_module(game, generator=Generator, discriminator=Discriminator, rates=None):
    """Small MLPs on digits of 8 x 8 pixels, with Adam."""
    torch.manual_seed(3)
    rate = rates or {}
    settings = {
        "networks": {
            "generator": generator(8, 1, latent_dim=16, hidden=(64, 64)),
            "discriminator": discriminator(8, 1, hidden=(64, 64)),
        },
        "optimizers": {
            turn: lambda parameters, turn=turn: torch.optim.Adam(parameters, rate.get(turn, 1e-3), betas=(0.5, 0.99))
            for turn in TURNS
        },
        "batch_size": 32,
        "ema": EMA(2000),
        "record": {"seed": 0},
    }
    return small_module(game, **settings)


def watched(tmp_path, module, steps, *more, probe_iterations=50, **settings):
    """Train, watched closely; the alarms in TensorBoard and the readings by name."""
    health = Health(every_iterations=5, probe_iterations=probe_iterations, **settings)
    logger = TensorBoardLogger(str(tmp_path), name=None, version="")
    callbacks = [Curves(str(tmp_path / "metrics.csv")), *more, health]
    fit(module, Digits(8, 1, 10, 32, 0), steps, callbacks, logger=logger, log_every_n_steps=10, precision="32-true")
    events = EventAccumulator(str(tmp_path)).Reload()
    texts = [name.removesuffix("/text_summary") for name in events.Tags()["tensors"] if name.startswith("health/")]
    for name in texts:
        assert len(events.Tensors(f"{name}/text_summary")) == 1  # once
    readings = {
        name: [event.value for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
        if name.startswith("health/")
    }
    return {name.removeprefix("health/") for name in texts}, readings, health
