"""Two processes with half a batch each against one process with all of it, per loss and penalty.

    python benchmarks/ranks.py [NAME ...]

Ten iterations in float64 on the digits of scikit-learn, small networks of `architecture=mlp`, Adam, batch 16; each row
also with `training.accumulate=2`. The metric is the largest difference of any weight of G and D. The two processes are
started with torch.distributed.run and train by DDP over gloo, as train.py does.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
import torch
from pairs import GAMES, LOSSES, MLP, PENALTIES, QUIET
from torch import Tensor

from saddle.config.compose import compose
from saddle.factory.run import build

_SMALL = [*MLP, "data=digits"]
OLD = [*_SMALL, "loss=non_saturating"]
ROWS = {
    **{name: [*_SMALL, *choice, "penalty=r1"] for name, choice in LOSSES.items()},
    **{name: [*choice, *OLD] for name, choice in PENALTIES.items()},
    "diffaugment": ["augmentation=diffaugment", *OLD],
    "ada": ["augmentation=ada", "augmentation.ada.speed_images=100", *OLD],
    "packing": [*_SMALL, "architecture.discriminator.packing=2", "penalty=gradient_penalty"],
    "spectral norm": [*OLD, *(f"architecture.{n}.normalization=spectral" for n in ("generator", "discriminator"))],
    **{name: choice for name, choice in GAMES.items() if name not in ("adversarial", "cyclegan")},
}
_COMMON = ["data.batch_size=16", "trainer.precision=64-true", "trainer.max_steps=10"]
_COMMON += ["optimizer.lr=1e-2", "optimizer.eps=1e-6"]  # a smaller one magnifies the rounding of gradients near zero
_COMMON += QUIET


def weights(choices: list[str], accumulate: int, devices: int) -> dict[str, Tensor]:
    """All tensors of the module after training."""
    trainer = ["trainer=cpu"] if devices == 1 else ["trainer=ddp_cpu", f"trainer.devices={devices}"]
    built = build(compose([*choices, *trainer, f"training.accumulate={accumulate}", *_COMMON]))
    built.trainer.fit(built.module, datamodule=built.data_module)
    return {name: value for name, value in built.module.state_dict().items() if isinstance(value, Tensor)}


def differences(names: list[str]) -> dict[str, list[float]]:
    """Of each row, the largest difference without accumulation and with it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "torch.distributed.run",
            "--nproc_per_node=2",
            "--standalone",
            __file__,
            "--ranks",
            folder,
            *names,
        ]
        subprocess.run([sys.executable, "-m", *command], check=True)
        found = {}
        for name in names:
            found[name] = []
            for accumulate in (1, 2):
                one = weights(ROWS[name], accumulate, devices=1)
                two = torch.load(Path(folder) / f"{names.index(name)}-{accumulate}.pt")
                assert one.keys() == two.keys()
                found[name].append(max(float((one[key] - two[key]).abs().max()) for key in one))
    return found


def train_ranks(folder: Path, names: list[str]) -> None:
    """What each of the two processes does: train all rows; the first one writes the weights."""
    for index, name in enumerate(names):
        for accumulate in (1, 2):
            found = weights(ROWS[name], accumulate, devices=2)
            if torch.distributed.get_rank() == 0:
                torch.save(found, folder / f"{index}-{accumulate}.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ROWS)} (default: all)")
    parser.add_argument("--ranks", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = arguments.names or list(ROWS)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_num_threads(1)
    if arguments.ranks is not None:
        train_ranks(arguments.ranks, names)
        torch.distributed.destroy_process_group()
        return
    found = differences(names)
    print("| | two processes | two processes, two parts |\n|---|---:|---:|")
    for name, (plain, accumulated) in found.items():
        print(f"| {name} | {plain:.0e} | {accumulated:.0e} |")


if __name__ == "__main__":
    main()
