"""What each metric sees: real images, damaged in known ways, against other real images.

`python benchmarks/damage.py` reads MNIST from SADDLE_DATA_ROOT and damages its test digits. Settings name other data,
and --extractor the file of a network: `python benchmarks/damage.py data=image_folder data.root=FOLDER
data.image_size=32 --extractor FILE`. Data without a test part is divided at random: one half is damaged, the other one
is what it is compared with. There are at most 10,000 images on each side. Prints one row per damage: blurred by a mean
over k x k pixels, noised with a standard deviation in gray levels, only the first so many classes (without labels: the
first part in the order of the files left out), or only so many different images, each repeated.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from saddle.data.module import ImageData
from saddle.factory.data import fetched_data
from saddle.factory.metrics import all_metrics
from saddle.metric.base import MetricInputs, Read
from saddle.metric.extractor import extractor_for
from saddle.metric.measure import measured
from saddle.metric.reference import chosen
from saddle.seed import fixed_order

NUM = 10_000
SHOWN = ("frechet", "kernel", "precision", "recall", "density", "coverage", "score", "histogram", "confident")


def sides(data: ImageData) -> tuple[Tensor, Tensor, Tensor | None]:
    """Images to compare with, images to damage, both uint8 (N, C, H, W), and the labels (N,) of the latter, if any."""
    images, labels = data.training()
    test = data.load_test()
    if test is not None:
        others, labels = test
        return data.readable(chosen(images, NUM)), data.readable(data.finished(others[:NUM])), labels
    order = fixed_order(len(images), "damage")
    half = min(NUM, len(order) // 2)
    first, second = order[:half].sort().values, order[half : 2 * half].sort().values  # as the files are in order
    return data.readable(images[first]), data.readable(images[second]), None if labels is None else labels[second]


def filled(images: Tensor, num: int) -> Tensor:
    """`num` images: these again and again."""
    return images.repeat(-(-num // len(images)), 1, 1, 1)[:num]


def damaged(images: Tensor, labels: Tensor | None) -> dict[str, Tensor]:
    """The images (N, C, H, W) by the name of what was done to them."""
    num = len(images)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    made = {"none": images}
    for size in (3, 5, 7):
        mean = avg_pool2d(images.float(), size, 1, size // 2, count_include_pad=False)
        made[f"blurred {size}x{size}"] = mean.round().to(torch.uint8)
    for level in (20, 40, 80):
        made[f"noise {level}"] = (images + level * noise).round().clamp(0, 255).to(torch.uint8)
    if labels is None:
        for share in (10, 25, 50, 75):
            made[f"{share} % left out"] = filled(images[num * share // 100 :], num)
    else:
        for share in (90, 50, 10):
            classes = max(1, (int(labels.max()) + 1) * share // 100)
            made[f"{classes} classes"] = filled(images[labels < classes], num)
    order = fixed_order(num, "repeated")
    for parts in (2, 10, 100):
        made[f"{num // parts} different"] = filled(images[order[: num // parts]], num)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", nargs="*", default=["data=mnist"], help="settings of the data")
    parser.add_argument("--extractor", default="auto", help="a file; default: what comes with saddle for the data")
    arguments = parser.parse_args()
    data = fetched_data(arguments.settings)
    extractor = extractor_for(arguments.extractor, data.extractor)
    extractor.check(data.readable_channels, data.image_size)
    reference, images, labels = sides(data)
    real = Read(*extractor(reference))
    metrics = all_metrics()
    print(f"features of {extractor.stamp}; {len(reference):,} real images, {len(images):,} damaged ones")
    shown = None
    for name, made in damaged(images, labels).items():
        found = measured(metrics, MetricInputs(real, Read(*extractor(made))))
        if shown is None:
            shown = [metric for metric in SHOWN if metric in found]
            print("| damage | " + " | ".join(shown) + " |")
            print("|---|" + "---:|" * len(shown))
        print(f"| {name} | " + " | ".join(f"{found[metric]:.3f}" for metric in shown) + " |", flush=True)


if __name__ == "__main__":
    main()
