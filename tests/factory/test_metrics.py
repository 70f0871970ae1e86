from dataclasses import dataclass

import pytest

from saddle.config.compose import compose
from saddle.config.node import Node
from saddle.config.options import options
from saddle.error import InputError
from saddle.factory.metrics import all_metrics, build_metrics, check_in_training
from saddle.factory.run import build
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.metric.base import Metric, PointMetric


def built(kinds: dict[str, type]) -> dict[str, Metric]:
    """The metrics of these classes, without Hydra, which cannot import what a test defines."""
    return build_metrics({option: Node(f"metric.{option}", kind, {}) for option, kind in kinds.items()})


@dataclass(frozen=True)
class Mine(Metric):
    """A metric that is sound."""

    directions = {"mine": "larger"}

    def measure(self, inputs):
        return {"mine": 1.0}


@dataclass(frozen=True)
class Same(Mine):
    """Another of the same name."""


@dataclass(frozen=True)
class OfPoints(PointMetric):
    """One of the same name for points, which is no contradiction."""

    directions = {"mine": "larger"}

    def measure(self, points, data):
        return {"mine": 1.0}


class Silent(Mine):
    """Declares nothing."""

    directions = {}


class Higher(Mine):
    """Has a direction of its own."""

    directions = {"mine": "higher"}


class Greedy(Mine):
    """Needs what there is not."""

    needs = ("images",)


class GreedyOfPoints(OfPoints):
    """Needs what only images have."""

    needs = ("labels",)


def test_every_option_of_the_group_is_found_and_stands_at_its_place():
    metrics = all_metrics()
    assert set(metrics) == set(options("metric")) - {"default"}
    places = [metric.place for metric in metrics.values()]
    assert places == sorted(places)
    assert all(place < Mine.place for place in places)  # one's own come last


def test_training_measures_what_is_chosen_in_the_order_of_places():
    assert list(build(compose(["data=digits", "metric=[manifold,default]"])).parts.metrics) == [
        *("frechet", "captured", "kernel", "curve", "histogram", "score", "manifold", "modes", "factors")
    ]
    callbacks = build(compose(["data=digits", "metric=score"])).trainer.callbacks
    received = [list(callback.metrics) for callback in callbacks if hasattr(callback, "metrics")]
    assert received == [["score"], ["score"]]  # quality's and points'


def test_settings_reach_the_metric():
    metrics = build_metrics(compose(["metric=manifold", "metric.manifold.k_density=7"]).metric)
    assert (metrics["manifold"].k_precision, metrics["manifold"].k_density) == (3, 7)


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        ({"a": Mine, "b": Same}, r"metric\.b and metric\.a both give mine: leave one of them out"),
        ({"a": Silent}, r"metric\.a: Silent declares no names: give it directions"),
        ({"a": Higher}, r"metric\.a: the direction of mine is higher; use smaller or larger"),
        ({"a": Greedy}, r"metric\.a: Greedy needs \('images',\); it may name real, fake, class_shares, labels"),
        ({"a": GreedyOfPoints}, r"metric\.a: GreedyOfPoints needs \('labels',\); it may name modes, curve"),
    ],
)
def test_metrics_that_cannot_be_measured_are_refused(monkeypatch, kinds, reason):
    monkeypatch.setattr("saddle.factory.metrics.make", lambda node: node.target())
    with pytest.raises(InputError, match=f"^{reason}"):
        built(kinds)


def test_metrics_of_images_and_of_points_may_share_a_name(monkeypatch):
    monkeypatch.setattr("saddle.factory.metrics.make", lambda node: node.target())
    assert list(built({"a": Mine, "b": OfPoints})) == ["a", "b"]


def test_training_refuses_what_it_cannot_measure_and_what_the_game_measures_itself():
    class Measuring(Adversarial):
        measures = {"mine": "larger"}

    game = Measuring(AdversarialObjective(NonSaturating()))
    with pytest.raises(InputError, match=r"^metric\.own: the game itself measures mine; leave this metric out$"):
        check_in_training({"own": Mine()}, game)
    check_in_training({"own": OfPoints()}, game)
    with pytest.raises(InputError, match=r"^metric\.memorization: only saddle evaluate measures this; leave it out$"):
        build(compose(["data=digits", "metric=[default,memorization]"]))


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("metric=fid", "metric=fid: there is no such option; did you mean metric=frechet?"),
        ("metric=xyzzy", "metric=xyzzy: there is no such option; choose one of agreement, "),
        ("metric.frechet=3", "metric.frechet=3: expected Metric or PointMetric"),
        ("+metric.frechet.k=1", "metric.frechet.k: there is no such setting"),
        ("+metric.own._target_=saddle.loss.hinge.Hinge", "expected a Metric or PointMetric"),
        ("+metric.own._target_=os.system", "only classes below"),
        ("+callback.quality.metrics={}", "callback.quality.metrics: there is no such setting"),
    ],
)
def test_wrong_settings_of_the_group_are_refused_by_name(override, reason):
    with pytest.raises(InputError) as refused:
        compose([override])
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
