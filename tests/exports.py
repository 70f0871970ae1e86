"""Opened runs of networks that were not trained, for tests of exports."""

import math
from pathlib import Path

import torch
from torch import nn

from saddle.config.compose import compose
from saddle.factory.parts import build_parts
from saddle.run.finished import FinishedRun
from saddle.training.checkpoint import MARK

DCGAN = ["architecture=dcgan", "architecture.generator.widths=[8,4]"]
MLP = ["architecture=mlp", "architecture.generator.hidden=[32]"]
LABELS = ["architecture.conditional=true"]
SPECTRAL = ["architecture.generator.normalization=spectral"]
BATCH_NORM = ["architecture.generator.normalization=batch"]


def opened(folder: Path, pictures: Path, *overrides: str, classes: list[str] | None = None) -> FinishedRun:
    """An opened run of random weights with these settings, whose checkpoint is a file in `folder`.

    Its data is digits, or with other data of `overrides` is never read; `pictures` is a folder of pictures.
    """
    settings = (
        overrides
        if any(text.startswith(("data=", "experiment=")) for text in overrides)
        else (
            "data=digits",
            *overrides,
        )
    )
    given = [text.replace("FOLDER", str(pictures)) for text in settings]
    parts = build_parts(compose(given))
    torch.manual_seed(1)
    state: dict[str, torch.Tensor] = {}
    for name, network in parts.networks.items():
        randomize(network)
        for key, value in network.state_dict(prefix=f"{name}.").items():
            state[key] = value
    clock = {"iteration": 3, "images": 96, "updates": {}}
    mark = {"format": 2, "record": parts.record, "clock": clock}
    if classes is not None:
        mark["data"] = {"classes": classes}
    content = {MARK: mark, "state_dict": state}
    file = folder / "checkpoint.ckpt"
    torch.save(content, file)
    return FinishedRun.open(file)


def randomize(network: nn.Module) -> None:
    """Weights that keep the variance of features, so that images vary; gains and biases are not 1 and 0."""
    for name, weight in network.named_parameters():
        if weight.dim() < 2:
            nn.init.normal_(weight, 1.0 if name.endswith(("gamma", "weight")) else 0.0, 0.2)
        else:
            nn.init.normal_(weight, 0.0, math.sqrt(2 / weight[0].numel()))
