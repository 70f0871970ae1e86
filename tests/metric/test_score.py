import itertools
import math

import pytest
import torch

from saddle.data.mnist import Mnist
from saddle.metric.classes import classifier_score, histogram, total_variation
from saddle.metric.extractor import extractor_for
from saddle.metric.frechet import frechet_distance
from saddle.metric.manifold import manifold
from saddle.metric.reference import chosen
from saddle.metric.score import Read, full, modes, quick


def read(rows: int, shift: float = 0.0) -> Read:
    return Read(torch.randn(rows, 6) + shift, (2 * torch.randn(rows, 4) + shift * torch.arange(4)).softmax(1))


def test_the_metrics_are_those_of_the_single_metrics():
    real, fake = read(300), read(200, 0.5)
    found = full(real, fake)
    assert found["frechet"] == frechet_distance(real.features, fake.features)
    assert found["score"] == classifier_score(fake.probabilities)
    assert found["histogram"] == total_variation(histogram(real.labels, 4), histogram(fake.labels, 4))
    assert {name: found[name] for name in ("precision", "recall", "density", "coverage")} == vars(
        manifold(real.features, fake.features)
    )
    assert found["confident"] == float((fake.probabilities.max(1).values > 0.9).double().mean())
    assert {name: found[name] for name in quick(real, fake)} == quick(real, fake)
    assert all(math.isfinite(value) for value in found.values())


def test_samples_that_are_not_finite_are_infinitely_far():
    real, fake = read(50), read(50)
    fake.features[3, 2] = math.nan
    assert quick(real, fake)["frechet"] == full(real, fake)["frechet"] == math.inf


def test_modes_come_with_their_floor():
    fake = Read(torch.zeros(4, 1), torch.eye(3)[[0, 0, 1, 1]])
    found = modes(fake, torch.tensor([0.5, 0.25, 0.25]))
    assert found == {"modes": 2, "modes_kl": pytest.approx(0.5 * math.log(2)), "modes_kl_floor": 0.25}


# known damage to real digits moves the right metric in the right direction, monotonically


@pytest.fixture(scope="module")
def digits():
    import os

    root = os.environ.get("SADDLE_DATA_ROOT")
    if not root:
        pytest.skip("SADDLE_DATA_ROOT is not set: this test reads real MNIST")
    data = Mnist(root, 28, 1, 10, 64, seed=0)
    extractor = extractor_for("auto", "mnist")
    images, labels = data.load_test()
    return extractor, Read(*extractor(chosen(data.load()[0], 1500))), images[:1500], labels[:1500]


def metrics(digits, damaged) -> list[dict[str, float]]:
    extractor, real, *_ = digits
    return [full(real, Read(*extractor(images))) for images in damaged]


def rising(values) -> bool:
    return all(before < after for before, after in itertools.pairwise(values))


def test_blur_raises_the_distances_and_lowers_recall_and_coverage(digits):
    """Precision hardly sees it: features of blurred digits shrink into the balls around odd real ones."""

    def blurred(images, size):
        return torch.nn.functional.avg_pool2d(images.float(), size, 1, size // 2).round().to(torch.uint8)

    images = digits[2]
    found = metrics(digits, [images, *(blurred(images, size) for size in (3, 5, 7))])
    assert rising([metric["frechet"] for metric in found])
    assert rising([metric["kernel"] for metric in found])
    assert rising([-metric["coverage"] for metric in found])
    recalls = [metric["recall"] for metric in found]
    assert recalls == sorted(recalls, reverse=True)
    assert recalls[1] < 0.5 * recalls[0]


def test_noise_raises_the_distances_and_lowers_precision(digits):
    noise = torch.randn(digits[2].shape, generator=torch.Generator().manual_seed(0))

    def noised(images, level):
        return (images + level * noise).round().clamp(0, 255).to(torch.uint8)

    found = metrics(digits, [noised(digits[2], level) for level in (0, 40, 80, 120)])
    assert rising([metric["frechet"] for metric in found])
    assert rising([metric["kernel"] for metric in found])
    assert rising([-metric["precision"] for metric in found])


def test_dropped_classes_lower_recall_coverage_and_score_but_not_precision(digits):
    _, _, images, labels = digits
    found = metrics(digits, [images[labels < classes] for classes in (10, 7, 4, 1)])
    for name in ("recall", "coverage", "score", "entropy"):
        assert rising([-metric[name] for metric in found]), name
    for name in ("frechet", "histogram"):
        assert rising([metric[name] for metric in found]), name
    assert found[-1]["precision"] > found[0]["precision"] - 0.05


def test_repeated_images_lower_recall_and_coverage_and_leave_the_histogram(digits):
    images = digits[2]
    found = metrics(digits, [images[:count].repeat(1500 // count, 1, 1, 1) for count in (1500, 750, 500)])
    assert rising([-metric["coverage"] for metric in found])
    assert max(metric["recall"] for metric in found[1:]) < 0.8 * found[0]["recall"]
    assert rising([metric["frechet"] for metric in found])
