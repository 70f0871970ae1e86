"""How far a turn's parameter gradients in each precision are from those in float64, per loss and penalty.

    python benchmarks/precision.py [--device cuda]

The networks of `architecture=dcgan` (or --architecture mlp) after 30 iterations on the digits of scikit-learn; one
batch of 64. The error is |g - g64| / |g64|, Euclidean, over all parameters that the turn trains: of D's turn, and after
a slash of G's. "16" is float16 under a gradient scaler's factor of 65,536, as in trainer.precision=16-mixed.
"""

import argparse
import copy
import logging
from contextlib import nullcontext
from dataclasses import replace

import saddle.compat  # noqa: F401  isort: skip
import torch
from pairs import LOSSES, PENALTIES, QUIET
from torch import Tensor

from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.run import build
from saddle.training.noise import Noise

_COMMON = [
    "experiment=none",
    "data=digits",
    "trainer=cpu",
    "trainer.max_steps=30",
    "data.batch_size=64",
    "training.ema=null",
    *QUIET,
]


def errors(architecture: str, choices: list[str], device: str = "cpu") -> dict[str, tuple[float, float]]:
    """The relative errors of D's and G's gradients by precision; InputError for what is refused."""
    built = build(compose([f"architecture={architecture}", *choices, *_COMMON]))
    built.trainer.fit(built.module, datamodule=built.data_module)
    module, images = built.module, next(iter(built.data_module.loader))["image"]
    exact = _gradients(module, images, device, torch.float64)
    found = {"32": _gradients(module, images, device, torch.float32)}
    found["bf16"] = _gradients(module, images, device, torch.float32, torch.bfloat16)
    if device == "cuda":
        found["16"] = _gradients(module, images, device, torch.float32, torch.float16, scale=65536.0)
    return {
        name: tuple(float((mine - true).norm() / true.norm()) for mine, true in zip(gradients, exact, strict=True))
        for name, gradients in found.items()
    }


def _gradients(
    module, images: Tensor, device: str, dtype: torch.dtype, autocast: torch.dtype | None = None, scale: float = 1.0
) -> list[Tensor]:
    """Of each turn, all its parameters' gradients as one vector in float64."""
    game = copy.deepcopy(module.game)
    networks = {name: copy.deepcopy(network).to(device, dtype) for name, network in module.networks.items()}
    noise, like = Noise(0, len(images)), torch.zeros(1, dtype=dtype, device="cpu")
    moment = replace(
        module.moment(0),
        noise=lambda purpose, shape: noise.draw("normal", purpose, shape, 0, like).to(device),
        uniform=lambda purpose, shape: noise.draw("uniform", purpose, shape, 0, like).to(device),
    )
    batch, found = {"image": images.to(device, dtype)}, []
    for turn in game.turns():
        for name, network in networks.items():
            network.requires_grad_(name in turn.trains).zero_grad()
        with nullcontext() if autocast is None else torch.autocast(device, autocast):
            loss = sum(turn.loss(networks, batch, moment).terms.values())
        (loss * scale).backward()
        parameters = [p for name in turn.trains for p in networks[name].parameters()]
        found.append(torch.cat([p.grad.flatten().double().cpu() for p in parameters]) / scale)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--architecture", default="dcgan", choices=("mlp", "dcgan"))
    arguments = parser.parse_args()
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    rows = {name: [*choice, "penalty=r1"] for name, choice in LOSSES.items()}
    rows |= {name: [*choice, "loss=non_saturating"] for name, choice in PENALTIES.items() if name != "weight_clipping"}
    inherited = [name for name in ("r1", "r2", "gradient_penalty", "dragan") if name in PENALTIES]
    rows |= {
        f"{name}, in the trainer's precision": [
            *PENALTIES[name],
            "loss=non_saturating",
            f"penalty.{name}.precision=inherit",
        ]
        for name in inherited
    }
    for name, choices in rows.items():
        try:
            found = errors(arguments.architecture, choices, arguments.device)
        except InputError as error:
            print(f"| {name} | {error} |", flush=True)
            continue
        cells = [f"{discriminator:.1e} / {generator:.1e}" for discriminator, generator in found.values()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
