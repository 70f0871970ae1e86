"""saddle beside what people would use instead, at equal CPU seconds, measured by one extractor.

    python benchmarks/peers.py train OUT PEER --data "data=robots" --seconds 3600 --seed 0
    python benchmarks/peers.py table OUT --data "data=robots" --extractor auto

`train` trains one PEER on one thread until it has used so many CPU seconds, and writes samples and what is known of the
run to OUT. It skips a run whose files are there. `table` measures all samples in OUT against the same training
images and prints a row for each run. PEER is one of

    dcgan    the reference of benchmarks/dcgan_reference.py
    mimicry  SNGAN of the package torch-mimicry, as its README trains it
    vegans   VanillaGAN of the package vegans with the networks that it brings
    saddle   `--settings`, by default experiment=pictures

Packages of others are used as they are installed, in an environment that has saddle, too, except for two names of torch
that they need and that are gone (`restore_old_names`).
"""

import argparse
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import saddle.compat  # noqa: F401  isort: skip
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.dataloader import _BaseDataLoaderIter

from saddle.data.module import ImageData
from saddle.error import InputError
from saddle.factory.data import fetched_data
from saddle.factory.metrics import all_metrics
from saddle.metric.evaluation import evaluate_images
from saddle.metric.extractor import extractor_for

SHOWN = ("frechet", "kernel", "recall", "coverage", "modes", "modes_kl", "valid", "novel", "copied", "copies")
PACKAGES = {"mimicry": "torch-mimicry", "vegans": "vegans"}


class Result(NamedTuple):
    """What came of a peer's training."""

    samples: Tensor
    """uint8 (N, C, H, W)."""
    seen: int
    """Number of real images that it was shown."""
    cpu_seconds: float


class Spent(Exception):  # noqa: N818
    """The CPU seconds are used up."""


class Budget:
    """CPU seconds of this process, counted from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.begun = seconds, time.process_time()

    def used(self) -> float:
        return time.process_time() - self.begun

    def is_over(self) -> bool:
        return self.used() >= self.seconds

    def watch(self, network: nn.Module) -> Any:
        """Let a network raise `Spent` before the first pass after the end."""

        def check(*_: Any) -> None:
            if self.is_over():
                raise Spent

        return network.register_forward_pre_hook(check)


class Counted(DataLoader):
    """A loader that counts the images it has delivered."""

    seen = 0

    def __iter__(self) -> Any:
        for batch in super().__iter__():
            self.seen += len(batch[0])
            yield batch


def dcgan(data: ImageData, arguments: argparse.Namespace) -> Result:
    from dcgan_reference import LATENT_DIM, train_dcgan

    budget = Budget(arguments.seconds)
    generator, seen = train_dcgan(data.training()[0], arguments.seed, budget.is_over)
    used = budget.used()
    return Result(drawn(lambda num: generator(torch.randn(num, LATENT_DIM, 1, 1)), arguments.samples), seen, used)


def restore_old_names() -> None:
    """Give torch back two names without which neither package starts: 0.1.16 and 0.4.0 are older than torch 2."""
    old = ModuleType("torch._six")
    old.PY3 = True
    sys.modules["torch._six"] = old
    _BaseDataLoaderIter.next = _BaseDataLoaderIter.__next__


def mimicry(data: ImageData, arguments: argparse.Namespace) -> Result:
    restore_old_names()
    from torch_mimicry.nets import sngan
    from torch_mimicry.training import Trainer

    images, _ = data.training()
    side = images.shape[3]
    generator = getattr(sngan, f"SNGANGenerator{side}")()
    discriminator = getattr(sngan, f"SNGANDiscriminator{side}")()
    as_numbers = TensorDataset(images.float() / 127.5 - 1, torch.zeros(len(images), dtype=torch.int64))
    loader = Counted(as_numbers, batch_size=64, shuffle=True, drop_last=True)
    networks = {"netD": discriminator, "netG": generator}
    optimizers = {"optD": _adam(discriminator), "optG": _adam(generator)}
    trainer = Trainer(
        **networks,
        **optimizers,
        n_dis=5,
        num_steps=100_000,
        lr_decay="linear",
        dataloader=loader,
        log_dir=str(arguments.out / f"mimicry-{arguments.seed}"),
        device=torch.device("cpu"),
        print_steps=1000,
    )
    used = until_spent(arguments.seconds, discriminator, trainer.train)  # G is not called as a module
    generator.eval()
    return Result(drawn(generator.generate_images, arguments.samples), loader.seen, used)


def _adam(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(network.parameters(), 2e-4, betas=(0.0, 0.9))


def vegans(data: ImageData, arguments: argparse.Namespace) -> Result:
    restore_old_names()
    from vegans.GAN import VanillaGAN
    from vegans.utils.architectures.example import load_example_adversary, load_example_generator

    images = data.training()[0].float() / 255  # its generators end in a sigmoid
    shape = tuple(images.shape[1:])
    generator = load_example_generator(x_dim=shape, z_dim=64)
    adversary = load_example_adversary(x_dim=shape, z_dim=64, adv_type="Discriminator")
    folder = str(arguments.out / f"vegans-{arguments.seed}")
    model = VanillaGAN(generator, adversary, x_dim=shape, z_dim=64, folder=folder)
    seen = 0

    def count(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        nonlocal seen
        seen += len(inputs[0]) // 2  # each batch passes twice, for either network

    generator.register_forward_pre_hook(count)
    used = until_spent(arguments.seconds, generator, partial(model.fit, images.numpy(), epochs=10**6, batch_size=32))
    model.eval()
    return Result(drawn(lambda num: torch.as_tensor(model.generate(n=num)) * 2 - 1, arguments.samples), seen, used)


def with_saddle(data: ImageData, arguments: argparse.Namespace) -> Result:
    from quality import trained

    from saddle.seed import hashed_seed
    from saddle.training.sampling import images_from

    built, budget = trained(f"{arguments.data} {arguments.settings}", arguments.seed, arguments.seconds)
    module = built.module
    labels = module.sampled_labels(arguments.samples)
    samples = images_from(module.sampler(), arguments.samples, hashed_seed(module.seed, "quality"), labels)
    return Result(samples, module.clock.images, budget.used)


PEERS = {"dcgan": dcgan, "mimicry": mimicry, "vegans": vegans, "saddle": with_saddle}


def until_spent(seconds: float, network: nn.Module, train: Callable[[], object]) -> float:
    """The CPU seconds that were used when the network's first pass after the end was refused."""
    budget = Budget(seconds)
    handle = budget.watch(network)
    with suppress(Spent):
        train()
    handle.remove()
    return budget.used()


@torch.no_grad()
def drawn(generate: Callable[[int], Tensor], num: int) -> Tensor:
    """`num` samples, uint8, of a function that gives so many images in [-1, 1]."""
    parts = [generate(min(100, num - done)) for done in range(0, num, 100)]
    return ((torch.cat(parts) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def train(arguments: argparse.Namespace) -> None:
    """Train one peer and write its samples."""
    stem = arguments.out / f"{arguments.name or arguments.peer}-{arguments.seed}"
    if stem.with_suffix(".json").exists():
        print(f"{stem}.json is there: skipped")
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(arguments.seed)
    result = PEERS[arguments.peer](images_of(arguments.data), arguments)
    torch.save(result.samples, stem.with_suffix(".pt"))
    package = PACKAGES.get(arguments.peer)
    about = {
        "peer": arguments.name or arguments.peer,
        "seed": arguments.seed,
        "data": arguments.data,
        "settings": arguments.settings if arguments.peer == "saddle" else None,
        "cpu_seconds": round(result.cpu_seconds, 1),
        "images": result.seen,
        "package": None if package is None else f"{package} {importlib.metadata.version(package)}",
        "torch": torch.__version__,
    }
    stem.with_suffix(".json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    print(json.dumps(about))


def images_of(settings: str) -> ImageData:
    """The data that all peers learn."""
    data = fetched_data(settings.split())
    if not isinstance(data, ImageData) or data.channels != 3 or data.image_size not in (32, 64):
        raise InputError(f"{settings}: the networks of others are for color images of 32 or 64 pixels: use such data")
    return data


def table(arguments: argparse.Namespace) -> None:
    """Print the metrics of all runs in OUT, and a grid of each."""
    from saddle.picture.grid import image_grid
    from saddle.tool.output import write_picture

    data = images_of(arguments.data)
    extractor = extractor_for(arguments.extractor, data.extractor)
    if extractor is None:
        raise InputError(f"--extractor {arguments.extractor}: none comes with saddle for this data; name a file")
    print(f"features of {extractor.stamp}")
    print(f"| run | seed | CPU s | images | samples | {' | '.join(SHOWN)} |")
    print("|---|" + "---:|" * (len(SHOWN) + 4))
    for path in sorted(arguments.out.glob("*.json")):
        about = json.loads(path.read_text(encoding="utf-8"))
        samples = torch.load(path.with_suffix(".pt"), weights_only=True)
        found = evaluate_images(samples, None, data, extractor, arguments.out / "cache", all_metrics()).samples
        cells = [f"{found[name]:.4g}" if name in found else "" for name in SHOWN]
        row = [
            about["peer"],
            about["seed"],
            f"{about['cpu_seconds']:.0f}",
            f"{about['images']:,}",
            f"{len(samples):,}",
            *cells,
        ]
        print(f"| {' | '.join(map(str, row))} |", flush=True)
        write_picture(image_grid(samples[:64]), path.with_suffix(".png"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train")
    training.add_argument("out", type=Path)
    training.add_argument("peer", choices=PEERS)
    training.add_argument("--data", required=True, help="settings of the data, separated by spaces")
    training.add_argument("--settings", default="experiment=pictures", help="of saddle, separated by spaces")
    training.add_argument("--name", help="of the run, if a peer has several")
    training.add_argument("--seconds", type=float, required=True)
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--samples", type=int, default=10_000)
    training.set_defaults(run=train)
    measuring = commands.add_parser("table")
    measuring.add_argument("out", type=Path)
    measuring.add_argument("--data", required=True)
    measuring.add_argument("--extractor", default="auto")
    measuring.set_defaults(run=table)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    try:
        arguments.run(arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
