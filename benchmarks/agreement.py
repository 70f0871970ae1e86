"""saddle's metrics beside independent implementations, on the same features: `python benchmarks/agreement.py`.

Needs the extra `test` (torchmetrics comes with lightning; prdc) and MNIST in SADDLE_DATA_ROOT. Features: 2,000 training
digits against 2,000 test digits blurred by 3x3 pixels. Prints one row per metric with the relative difference.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import saddle.compat  # noqa: F401  isort: skip
import torch
from prdc import compute_prdc
from torch.nn.functional import avg_pool2d
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from saddle.data.mnist import Mnist
from saddle.metric.extractor import extractor_for
from saddle.metric.frechet import frechet_distance
from saddle.metric.kernel import polynomial_mmd
from saddle.metric.manifold import manifold
from saddle.metric.reference import chosen

COUNT = 2000


def main() -> None:
    data = Mnist(os.environ["SADDLE_DATA_ROOT"], 28, 1, 10, 64, seed=0)
    extractor = extractor_for("auto", "mnist")
    blurred = avg_pool2d(data.load_test()[0][:COUNT].float(), 3, 1, 1).round().to(torch.uint8)
    real, fake = (extractor(images)[0].double() for images in (chosen(data.load()[0], COUNT), blurred))
    ours = {
        "Frechet distance": frechet_distance(real, fake),
        "kernel distance, one block": polynomial_mmd(real, fake),
    }
    theirs = {
        "Frechet distance": ("torchmetrics", _compute_fid(real.mean(0), real.T.cov(), fake.mean(0), fake.T.cov())),
        "kernel distance, one block": ("torchmetrics", poly_mmd(real, fake)),
    }
    for name, value in compute_prdc(real.numpy(), fake.numpy(), nearest_k=5).items():
        ours[f"{name}, k = 5"], theirs[f"{name}, k = 5"] = getattr(manifold(real, fake, 5, 5), name), ("prdc", value)
    print("| metric | saddle | other | by | relative difference |\n|---|---:|---:|---|---:|")
    for name, value in ours.items():
        by, other = theirs[name][0], float(theirs[name][1])
        print(f"| {name} | {value:.6f} | {other:.6f} | {by} | {abs(value - other) / abs(other):.0e} |")


if __name__ == "__main__":
    main()
