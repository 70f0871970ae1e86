"""Whether two extractors rank runs alike: `python benchmarks/ranking.py RUN RUN ... --extractor FILE`.

Samples of each run are compared with training images twice: in the features of FILE, and in those of --reference, by
default what comes with saddle for the data. Prints the metrics by both, best first by the reference's Frechet
distance, and Spearman's rank correlation of each metric over the runs. All runs are on the same data.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor

from saddle.metric.base import Extractor
from saddle.metric.extractor import extractor_for
from saddle.metric.frechet import frechet_distance
from saddle.metric.manifold import manifold
from saddle.metric.reference import chosen
from saddle.run.finished import FinishedRun
from saddle.training.sampling import all_labels

SHOWN = ("frechet", "precision", "recall", "coverage")


def metrics(real: Tensor, fake: Tensor) -> dict[str, float]:
    """The metrics in SHOWN from features (N, D)."""
    found = manifold(real, fake)
    return {"frechet": frechet_distance(real, fake), **{name: getattr(found, name) for name in SHOWN[1:]}}


def rank_correlation(first: list[float], second: list[float]) -> float:
    """Spearman's rank correlation; equal values share the mean of their ranks."""
    return float(torch.corrcoef(torch.stack([ranks(first), ranks(second)]))[0, 1])


def ranks(values: list[float]) -> Tensor:
    """The rank of each value, from 0 on."""
    rows, columns = torch.tensor(values).unsqueeze(1), torch.tensor(values)
    return (rows > columns).double().sum(1) + (rows == columns).double().sum(1) / 2 - 0.5


def measured(paths: list[Path], extractors: list[Extractor], num: int) -> dict[str, list[dict[str, float]]]:
    """For each run, by name, its metrics by each extractor."""
    real: list[Tensor] = []
    rows = {}
    for path in paths:
        run = FinishedRun.open(path)
        data = run.image_data
        if not real:
            images = data.readable(chosen(data.training()[0], num))
            real = [extractor(images)[0] for extractor in extractors]
        samples = data.readable(run.sample(num, labels=all_labels(run.generator, num, run.label_shares)))
        fake = [extractor(samples)[0] for extractor in extractors]
        rows[path.name] = [metrics(*pair) for pair in zip(real, fake, strict=True)]
        print(f"{path.name}: {rows[path.name][0]['frechet']:.2f}", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--extractor", required=True, help="the file that is judged")
    parser.add_argument("--reference", default="auto", help="a file; default: what comes with saddle for the data")
    parser.add_argument("--num", type=int, default=10_000)
    arguments = parser.parse_args()
    shipped = FinishedRun.open(arguments.runs[0]).image_data.extractor
    extractors = [extractor_for(arguments.reference, shipped), extractor_for(arguments.extractor, None)]
    rows = measured(arguments.runs, extractors, arguments.num)
    print(f"{arguments.num:,} samples; first {extractors[0].stamp}, then {extractors[1].stamp}")
    print("| run | " + " | ".join(SHOWN) + " |")
    print("|---|" + "---:|" * len(SHOWN))
    for name, (first, second) in sorted(rows.items(), key=lambda row: row[1][0]["frechet"]):
        print(f"| {name} | " + " | ".join(f"{first[shown]:.3f}, {second[shown]:.3f}" for shown in SHOWN) + " |")
    found = []
    for shown in SHOWN:
        by_extractor = [[both[which][shown] for both in rows.values()] for which in (0, 1)]
        found.append(rank_correlation(*by_extractor))
    print("| rank correlation | " + " | ".join(f"{value:.3f}" for value in found) + " |")


if __name__ == "__main__":
    main()
