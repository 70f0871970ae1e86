"""Every option of the group `metric` is measured as it declares; options are listed from the group itself."""

import itertools
import math
from dataclasses import dataclass, replace

import pytest
import torch

from saddle.data.mnist import Mnist
from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll
from saddle.error import InputError
from saddle.factory.metrics import all_metrics
from saddle.metric import kernel
from saddle.metric.base import Metric, MetricInputs, PointMetric, Read
from saddle.metric.classes import classifier_score, histogram, total_variation
from saddle.metric.extractor import extractor_for
from saddle.metric.frechet import Frechet, frechet_distance
from saddle.metric.kernel import kernel_distance
from saddle.metric.known_factors import KnownFactors
from saddle.metric.manifold import manifold
from saddle.metric.measure import applies, check_enough, measured, measured_halves, measured_points
from saddle.metric.reference import chosen
from saddle.seed import fixed_order

METRICS = all_metrics()
IMAGE_METRICS = {option: metric for option, metric in METRICS.items() if isinstance(metric, Metric)}
POINT_METRICS = {option: metric for option, metric in METRICS.items() if isinstance(metric, PointMetric)}
CLASSES = 4


def read(rows: int, shift: float = 0.0) -> Read:
    return Read(torch.randn(rows, 6) + shift, (2 * torch.randn(rows, 4) + shift * torch.arange(4)).softmax(1))


def drawn(rows: int) -> Read:
    """Images of all classes in turn, each read with confidence."""
    probabilities = 0.01 + 0.96 * torch.eye(CLASSES)[torch.arange(rows) % CLASSES]
    return Read(torch.randn(rows, 6), probabilities)


def known_factors() -> KnownFactors:
    """Two factors of two options, shown by the signs of two features. One of the four codes is in the training set.

    Of features far from the data half show that code, and half show nothing.
    """

    def read(features):
        is_far = features.mean(1) > 2.5
        options = torch.where(is_far.unsqueeze(1), 0, (features[:, :2] > 0).long())
        is_shown = ~is_far | (features[:, 0] > 5)
        return torch.where(is_shown.view(-1, 1, 1), 0.98 * torch.eye(2)[options] + 0.01, 0.5)

    return KnownFactors(read, lambda codes: 2 * codes[:, 0] + codes[:, 1], training=torch.tensor([0]), label=None)


def sound_inputs() -> MetricInputs:
    """Samples that are as good as other images of the data."""
    return MetricInputs(
        real=drawn(400),
        fake=drawn(400),
        class_shares=torch.full((CLASSES,), 1 / CLASSES, dtype=torch.float64),
        labels=torch.arange(400) % CLASSES,
        training=torch.randn(600, 6),
        held_out=drawn(400),
        factors=known_factors(),
    )


def destroyed(inputs: MetricInputs) -> MetricInputs:
    """Half as many samples, far from the data, all read as one class and without confidence."""
    uncertain = torch.tensor([0.4, 0.2, 0.2, 0.2]).expand(200, -1)
    fake = Read(5 + 0.5 * torch.randn(200, 6), uncertain)
    return replace(inputs, fake=fake, labels=torch.arange(200) % CLASSES)


def copied(inputs: MetricInputs) -> MetricInputs:
    """Samples that repeat training images."""
    return replace(inputs, fake=Read(inputs.training[:400], inputs.fake.probabilities))


def check_worse(metric: Metric | PointMetric, good: dict[str, float], bad: dict[str, float]) -> None:
    """Each name that the metric declares has a worse value in `bad` than in `good`, by its direction."""
    assert metric.directions.keys() == good.keys() == bad.keys()
    for name, direction in metric.directions.items():
        assert math.isfinite(good[name]), name
        larger, smaller = (good, bad) if direction == "larger" else (bad, good)
        assert larger[name] > smaller[name], name


@pytest.mark.parametrize("option", IMAGE_METRICS)
def test_degraded_samples_score_worse_in_the_declared_direction(option):
    metric, inputs = METRICS[option], sound_inputs()
    degraded = copied(inputs) if "training" in metric.needs else destroyed(inputs)  # a search looks for copies
    check_worse(metric, measured({option: metric}, inputs), measured({option: metric}, degraded))


@pytest.mark.parametrize("option", POINT_METRICS)
def test_degraded_points_score_worse_in_the_declared_direction(option):
    metric = METRICS[option]
    kinds = [Ring(batch_size=8, seed=0), SwissRoll(batch_size=8, seed=0)]
    fitting = [data for data in kinds if applies(metric, data)]
    assert fitting
    for data in fitting:
        good = measured_points({option: metric}, data.drawn(500, "fresh"), data)
        bad = measured_points({option: metric}, 50 + torch.randn(500, 2), data)
        check_worse(metric, good, bad)


@pytest.mark.parametrize("option", IMAGE_METRICS)
def test_samples_that_are_not_finite_are_as_bad_as_can_be(option):
    inputs = sound_inputs()
    inputs.fake.features[3, 2] = math.nan
    worst = {"smaller": math.inf, "larger": 0}
    metric = METRICS[option]
    assert measured({option: metric}, inputs) == {name: worst[way] for name, way in metric.directions.items()}


def test_points_that_are_not_finite_have_the_worst_metrics_or_are_of_low_quality():
    ring, roll = Ring(batch_size=8, seed=0), SwissRoll(batch_size=8, seed=0)
    points = roll.drawn(100, "fresh")
    points[3, 0] = math.nan
    assert measured_points(METRICS, points, roll) == {"curve_distance": math.inf, "coverage": 0.0}
    points = ring.modes.float().repeat(5, 1)
    points[:10] = math.nan
    assert measured_points(METRICS, points, ring)["high_quality"] == 30 / 40


def test_the_values_are_those_of_the_single_functions():
    real, fake = read(300), read(200, 0.5)
    found = measured(METRICS, MetricInputs(real, fake))
    assert found["frechet"] == frechet_distance(real.features, fake.features)
    blocks = [given.features[fixed_order(len(given.features), "kernel")] for given in (real, fake)]
    assert (found["kernel"], found["kernel_error"]) == kernel_distance(*blocks, 20)
    assert found["score"] == classifier_score(fake.probabilities)
    assert found["histogram"] == total_variation(histogram(real.labels, 4), histogram(fake.labels, 4))
    assert {name: found[name] for name in ("precision", "recall", "density", "coverage")} == vars(
        manifold(real.features, fake.features)
    )
    assert found["confident"] == float((fake.probabilities.max(1).values > 0.9).double().mean())
    assert all(math.isfinite(value) for value in found.values())
    assert not {"modes", "as_asked", "copies"} & found.keys()  # what they need is not there


def test_without_classes_those_metrics_are_measured_that_need_none():
    inputs = sound_inputs()
    parts = {name: Read(getattr(inputs, name).features, torch.empty(400, 0)) for name in ("real", "fake", "held_out")}
    found = measured(METRICS, replace(inputs, class_shares=None, labels=None, factors=None, **parts))
    distances = {"frechet", "kernel", "kernel_error", "neighbor_ratio", "copies"}
    assert found.keys() == distances | {"precision", "recall", "density", "coverage"}
    assert measured(METRICS, inputs).keys() > found.keys()


def test_modes_come_with_their_floor():
    fake = Read(torch.zeros(4, 1), torch.eye(3)[[0, 0, 1, 1]])
    inputs = MetricInputs(fake, fake, class_shares=torch.tensor([0.5, 0.25, 0.25]))
    found = measured({option: METRICS[option] for option in ("modes", "modes_floor")}, inputs)
    assert found == {"modes": 2, "modes_kl": pytest.approx(0.5 * math.log(2)), "modes_kl_floor": 0.25}


def test_metrics_that_share_a_computation_do_it_once(monkeypatch):
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return kernel_distance(*arguments)

    monkeypatch.setattr(kernel, "kernel_distance", counted)
    inputs = sound_inputs()
    assert {"kernel", "kernel_error"} <= measured(METRICS, inputs).keys()
    assert len(calls) == 1
    measured(METRICS, replace(inputs, fake=drawn(400)))  # other samples have distances of their own
    assert len(calls) == 2


# a metric of one's own that breaks its word


@dataclass(frozen=True)
class Mine(Metric):
    """Gives what it was built with."""

    gives: object

    directions = {"mine": "larger"}

    def measure(self, inputs):
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


@dataclass(frozen=True)
class MyPoints(PointMetric):
    """The same for points."""

    gives: object

    directions = {"mine": "larger"}

    def measure(self, points, data):
        return self.gives


@pytest.mark.parametrize(
    ("gives", "reason"),
    [
        ({"other": 1.0}, "gave other, which it does not declare: add it to directions"),
        ({"mine": torch.tensor(1.0)}, r"gave a Tensor for mine; return a number, as by float\(\)"),
        ({"mine": None}, "gave a NoneType for mine; return a number"),
        (1.0, "measure gave a float; return numbers by name"),
    ],
)
def test_a_metric_that_breaks_its_word_is_named(gives, reason):
    with pytest.raises(InputError, match=rf"^metric\.own: Mine.{reason}"):
        measured({"own": Mine(gives)}, sound_inputs())
    data = Ring(batch_size=8, seed=0)
    with pytest.raises(InputError, match=rf"^metric\.own: MyPoints.{reason}"):
        measured_points({"own": MyPoints(gives)}, data.drawn(20, "fresh"), data)


def test_what_a_metric_refuses_is_one_sentence():
    with pytest.raises(InputError, match=r"^metric\.own: too few$"):
        measured({"own": Mine(ValueError("too few\nfor this"))}, sound_inputs())
    with pytest.raises(InputError, match=r"^metric\.manifold: k=5 needs more than 5 rows, got 4$"):
        measured({"manifold": METRICS["manifold"]}, MetricInputs(drawn(4), drawn(4)))


def test_values_come_in_the_order_of_the_metrics_and_each_kind_is_left_to_its_own_inputs():
    inputs = sound_inputs()
    assert list(measured({"own": Mine({"mine": 2}), "frechet": Frechet()}, inputs)) == ["mine", "frechet"]
    assert measured(POINT_METRICS, inputs) == {}
    assert measured_points(IMAGE_METRICS, torch.zeros(9, 2), Ring(batch_size=8, seed=0)) == {}


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
    return [measured(METRICS, MetricInputs(real, Read(*extractor(images)))) for images in damaged]


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


def test_metrics_say_how_many_training_images_they_need():
    check_enough(METRICS, 6)
    check_enough({"frechet": METRICS["frechet"]}, 2)
    with pytest.raises(InputError, match=r"^metric\.manifold needs at least 6 training images, and there are 5"):
        check_enough(METRICS, 5)
    with pytest.raises(ValueError, match="k=5 needs more than 5 rows"):
        METRICS["manifold"].measure(MetricInputs(read(5), read(50)))
    assert METRICS["manifold"].measure(MetricInputs(read(6), read(50)))


def test_halves_of_the_real_images_are_measured_against_each_other_whatever_the_samples():
    real = drawn(100)
    values = measured_halves(IMAGE_METRICS, MetricInputs(real, read(10, shift=5.0)))
    assert values == measured_halves(IMAGE_METRICS, MetricInputs(real, read(10)))
    order = fixed_order(100, "halves")
    first, second = real.features[order[:50]], real.features[order[50:]]
    assert values["frechet"] == pytest.approx(frechet_distance(first, second))
    assert measured_halves(IMAGE_METRICS, MetricInputs(drawn(8), read(10))) is None
