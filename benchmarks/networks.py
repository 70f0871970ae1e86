"""Images per CPU second of each family of networks: `python benchmarks/networks.py [--rounds 2] [--sizes 32 64]`.

Each family as its YAML has it, with R1 and R2 in every fourth turn and the precision that the machine is made for, as
`python train.py` trains. Gray images of scikit-learn's digits, enlarged, in batches of 32. All families take their turn
in each round. Prints parameters of G and D, and the median of images per CPU second. The last rows are R3GAN's networks
with other groups of their 3x3 convolutions.
"""

import argparse
import logging
import statistics
import warnings

from saddle.threads import set_thread_policy

set_thread_policy()

import saddle.compat  # noqa: F401, E402  isort: skip
import torch  # noqa: E402
from pairs import QUIET  # noqa: E402
from speed_one import Stopwatch, Ticks  # noqa: E402

from saddle.config.compose import compose  # noqa: E402
from saddle.factory.run import build  # noqa: E402

WARM_UP, STEPS, ROWS = 4, 8, 32  # whole cycles of the penalties, which are due in every fourth turn
FAMILIES = {name: [f"architecture={name}"] for name in ("dcgan", "residual", "sngan", "r3gan", "light")}
FAMILIES |= {
    f"r3gan, group_size={size}": [
        "architecture=r3gan",
        *(f"architecture.{name}.group_size={size}" for name in ("generator", "discriminator")),
    ]
    for size in (0, 1)
}
COMMON = ["data=digits", f"data.batch_size={ROWS}", f"trainer.max_steps={WARM_UP + STEPS}", "trainer=cpu"]
COMMON += ["trainer.precision=auto", *QUIET]


def measured(family: str, size: int) -> tuple[list[int], float]:
    """The numbers of parameters of G and D, and images per CPU second."""
    built = build(compose([*FAMILIES[family], f"data.image_size={size}", *COMMON]))
    watch = Stopwatch(WARM_UP, STEPS)
    built.trainer.callbacks.append(Ticks(watch))
    built.trainer.fit(built.module, datamodule=built.data_module)
    networks = (built.module.networks[name] for name in ("generator", "discriminator"))
    return [sum(p.numel() for p in network.parameters()) for network in networks], STEPS * ROWS / watch.cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    found: dict[tuple[str, int], list[tuple[list[int], float]]] = {}
    for _ in range(arguments.rounds):
        for size in arguments.sizes:
            for family in FAMILIES:
                found.setdefault((family, size), []).append(measured(family, size))
    print("| architecture | image | parameters of G | of D | images per CPU second |\n|---|---:|---:|---:|---:|")
    for (family, size), runs in found.items():
        generator, discriminator = runs[0][0]
        rate = statistics.median(run[1] for run in runs)
        print(f"| `{family}` | {size} | {generator:,} | {discriminator:,} | {rate:.0f} |")


if __name__ == "__main__":
    main()
