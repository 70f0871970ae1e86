"""Compare recipes by sample quality after equal time: `python benchmarks/quality.py MINUTES SEEDS NAME=OVERRIDES ...`.

Each recipe is trained by train.py for MINUTES on real MNIST (SADDLE_DATA_ROOT), one run after the other. 10,000 samples
of its averaged generator are compared with the 10,000 test images by the Frechet distance between Gaussians fitted to
the penultimate features (64) of a small classifier, which is trained first (Heusel et al. 2017, eq. 6, with another
feature space). The distance of 10,000 training images to the test images is the floor. Prints one row per run as JSON;
`as_asked` is the share of a conditional run's samples that the classifier reads as the class that was asked for.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import scipy.linalg

import saddle.compat  # noqa: F401  isort: skip
import torch
from torch import Tensor, nn
from torchvision.datasets import MNIST

ROOT = os.environ["SADDLE_DATA_ROOT"]
CACHE = Path(tempfile.gettempdir()) / "saddle-quality-classifier.pt"


def mnist(train: bool) -> tuple[Tensor, Tensor]:
    """Images, float32 (N, 1, 28, 28) in [-1, 1], and labels."""
    data = MNIST(ROOT, train=train)
    return data.data.unsqueeze(1).float() / 127.5 - 1, data.targets


def classifier() -> nn.Sequential:
    """A small convolutional classifier, trained for three epochs (about a minute on one core)."""
    torch.manual_seed(0)
    features = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 49, 64), nn.ReLU()),
    )
    model = nn.Sequential(features, nn.Linear(64, 10))
    if CACHE.exists():
        model.load_state_dict(torch.load(CACHE, weights_only=True))
        return model.eval()
    images, labels = mnist(train=True)
    steps = 3 * len(images) // 128
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(len(images), (128,))
        loss = nn.functional.cross_entropy(model(images[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    torch.save(model.state_dict(), CACHE)
    return model.eval()


@torch.no_grad()
def features(model: nn.Sequential, images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Penultimate features, float64 (N, 64), and class probabilities."""
    hidden = torch.cat([model[0](part) for part in images.split(1000)])
    return hidden.double().numpy(), model[1](hidden).softmax(1).double().numpy()


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))."""
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(ca @ cb).real
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * root))


def main() -> None:
    minutes, seeds, recipes = float(sys.argv[1]), int(sys.argv[2]), dict(a.split("=", 1) for a in sys.argv[3:])
    model = classifier()
    test, labels = mnist(train=False)
    real, probabilities = features(model, test)
    floor = frechet(features(model, mnist(train=True)[0][:10_000])[0], real)
    accuracy = float((probabilities.argmax(1) == labels.numpy()).mean())
    print(json.dumps({"floor": round(floor, 3), "classifier_accuracy": accuracy}), flush=True)
    time = f"00:00:{int(minutes):02d}:{int(minutes * 60) % 60:02d}"
    for seed in range(1, seeds + 1):
        for name, overrides in recipes.items():
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "train.py", f"hydra.run.dir={folder}/run", f"trainer.max_time='{time}'"]
                command += ["trainer.max_steps=-1", f"seed={seed}", *overrides.split()]
                subprocess.run(command, check=True, capture_output=True)
                draw = ["sample", f"{folder}/run", "--num", "10000", "--format", "npz", "--out", f"{folder}/s.npz"]
                subprocess.run([sys.executable, "-m", "saddle", *draw], check=True, capture_output=True)
                drawn = dict(np.load(f"{folder}/s.npz"))
                images = torch.from_numpy(drawn["images"]).permute(0, 3, 1, 2).float() / 127.5 - 1
                fake, classes = features(model, images)
                summary = json.loads(Path(f"{folder}/run/summary.json").read_text())
            share = np.bincount(classes.argmax(1), minlength=10) / len(classes)
            row = {
                "recipe": name,
                "seed": seed,
                "frechet": round(frechet(fake, real), 2),
                "confident": round(float((classes.max(1) > 0.9).mean()), 3),
                "rarest_class": round(float(share.min()), 3),
                "iterations": summary["iterations"],
                "images_per_second": summary["images_per_second"],
                "overrides": overrides,
            }
            if "labels" in drawn:
                row["as_asked"] = round(float((classes.argmax(1) == drawn["labels"]).mean()), 4)
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
