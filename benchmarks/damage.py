"""What each metric sees: real MNIST test digits, damaged in known ways, against training digits.

`python benchmarks/damage.py` reads MNIST from SADDLE_DATA_ROOT and prints one row per damage, with 10,000 images on
each side: blurred by a mean over k x k pixels, noised with a standard deviation in gray levels, only the first so many
classes, or only so many different digits, each repeated.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from saddle.data.mnist import Mnist
from saddle.factory.metrics import all_metrics
from saddle.metric.base import MetricInputs, Read
from saddle.metric.extractor import extractor_for
from saddle.metric.measure import measured
from saddle.metric.reference import chosen

SHOWN = ("frechet", "kernel", "precision", "recall", "density", "coverage", "score", "histogram", "confident")


def damaged(images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """The test digits (N, 1, 28, 28) by the name of what was done to them."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    made = {"real test digits": images}
    for size in (3, 5, 7):
        made[f"blurred {size}x{size}"] = avg_pool2d(images.float(), size, 1, size // 2).round().to(torch.uint8)
    for level in (20, 40, 80):
        made[f"noise {level}"] = (images + level * noise).round().clamp(0, 255).to(torch.uint8)
    for classes in (9, 5, 1):
        kept = images[labels < classes]
        made[f"{classes} classes"] = kept.repeat(-(-len(images) // len(kept)), 1, 1, 1)[: len(images)]
    for count in (5000, 1000, 100):
        made[f"{count} different"] = images[:count].repeat(len(images) // count, 1, 1, 1)
    return made


def main() -> None:
    data = Mnist(os.environ["SADDLE_DATA_ROOT"], 28, 1, 10, 64, seed=0)
    extractor = extractor_for("auto", "mnist")
    real = Read(*extractor(chosen(data.load()[0], 10_000)))
    metrics = all_metrics()
    print(f"features of {extractor.stamp}; 10,000 images on each side")
    print("| test digits | " + " | ".join(SHOWN) + " |")
    print("|---|" + "---:|" * len(SHOWN))
    for name, images in damaged(*data.load_test()).items():
        found = measured(metrics, MetricInputs(real, Read(*extractor(images))))
        print(f"| {name} | " + " | ".join(f"{found[metric]:.3f}" for metric in SHOWN) + " |", flush=True)


if __name__ == "__main__":
    main()
