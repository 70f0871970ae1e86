import json

import pytest
import torch

from saddle.data.digits import Digits
from saddle.data.ring import Ring
from saddle.factory.metrics import all_metrics
from saddle.metric import memorization
from saddle.metric.evaluation import evaluate_images, evaluate_points
from saddle.metric.extractor import extractor_for
from saddle.metric.frechet import Frechet, frechet_distance
from saddle.metric.measure import measured_points
from saddle.metric.reference import reference
from saddle.seed import fixed_order

METRICS = all_metrics()


class HeldOut(Digits):
    """Digits of which the last 200 are held out."""

    def load(self):
        images, labels = super().load()
        return images[:-200], labels[:-200]

    def load_test(self):
        images, labels = super().load()
        return images[-200:], labels[-200:]


def digits(kind: type[Digits], size: int) -> Digits:
    data = kind(size, 1, 10, 1, seed=0)
    data.extractor = "mnist"
    return data


def test_copies_of_training_images_are_recognized_and_nothing_is_printed(tmp_path, capsys):
    data, extractor = digits(HeldOut, 28), extractor_for("auto", "mnist")
    images, labels = data.training()
    evaluation = evaluate_images(images[:150], labels[:150], data, extractor, tmp_path, METRICS)
    assert evaluation.samples["neighbor_ratio"] == 0
    assert evaluation.samples["copies"] == 1
    assert torch.equal(evaluation.neighbors.images, images[evaluation.neighbors.samples])
    assert evaluation.test["as_asked"] > 0.8
    assert evaluation.test.keys() == evaluation.samples.keys()
    assert evaluation.modes["number"] == 10
    assert evaluation.stamp == {
        "extractor": extractor.stamp,
        "real": 1597,
        "generated": 150,
        "test": 150,
        "training": 1597,
    }
    wrong = evaluate_images(images[:150], (labels[:150] + 1) % 10, data, extractor, tmp_path, METRICS)
    assert wrong.samples["as_asked"] < 0.2
    assert {**wrong.samples, "as_asked": 0} == {**evaluation.samples, "as_asked": 0}
    assert list(json.loads(json.dumps(wrong.as_json()))) == ["samples", "test", "halves", "modes", "stamp"]
    assert capsys.readouterr() == ("", "")


def test_without_held_out_images_one_half_of_the_real_ones_is_measured_against_the_other(tmp_path):
    data, extractor = digits(Digits, 28), extractor_for("auto", "mnist")
    images, labels = data.training()
    evaluation = evaluate_images(images[:150], None, data, extractor, tmp_path, METRICS)
    assert (evaluation.test, evaluation.neighbors) == (None, None)
    assert not {"as_asked", "copies"} & evaluation.samples.keys()
    assert evaluation.halves.keys() == evaluation.samples.keys()
    features = reference(images, extractor, tmp_path).features
    first, second = features[(order := fixed_order(1797, "halves"))[:898]], features[order[898:]]
    assert evaluation.halves["frechet"] == pytest.approx(frechet_distance(first, second))
    assert list(evaluation.as_json()) == ["samples", "test", "halves", "modes", "stamp"]
    asked = evaluate_images(images[:150], labels[:150], data, extractor, tmp_path, {"agreement": METRICS["agreement"]})
    assert asked.halves["as_asked"] > 0.85  # their own labels, in the order of the second half


def test_too_few_real_images_have_no_halves(tmp_path):
    data = Digits(28, 1, 10, 1, seed=0, limit=8)
    data.extractor = "mnist"
    metrics = {"manifold": METRICS["manifold"]}
    evaluation = evaluate_images(data.training()[0], None, data, extractor_for("auto", "mnist"), tmp_path, metrics)
    assert evaluation.halves is None


def test_points_stand_beside_as_many_fresh_ones():
    data = Ring(batch_size=1, seed=0)
    evaluation = evaluate_points(data.drawn(400, "other"), data, METRICS)
    assert evaluation.samples == measured_points(METRICS, data.drawn(400, "other"), data)
    assert evaluation.data == measured_points(METRICS, data.drawn(400, "fresh"), data)
    assert evaluation.stamp == {"points": "Ring", "std": data.std, "generated": 400}


def test_training_images_are_searched_once_for_metrics_and_neighbors_and_not_for_held_out_images(monkeypatch):
    searches = []

    def counted(*arguments):
        searches.append(arguments)
        return found(*arguments)

    found = memorization.memorization
    monkeypatch.setattr(memorization, "memorization", counted)
    data, extractor = digits(HeldOut, 28), extractor_for("auto", "mnist")
    evaluation = evaluate_images(data.training()[0][:150], None, data, extractor, None, METRICS)
    assert len(searches) == 1
    assert (evaluation.test["neighbor_ratio"], evaluation.test["copies"]) == (1.0, 0.01)


def test_only_the_metrics_that_are_asked_for_are_measured():
    data, extractor = digits(HeldOut, 28), extractor_for("auto", "mnist")
    images = data.training()[0][:150]
    evaluation = evaluate_images(images, None, data, extractor, None, {"frechet": Frechet()})
    whole = evaluate_images(images, None, data, extractor, None, METRICS)
    assert evaluation.samples == {"frechet": whole.samples["frechet"]}
    assert evaluation.test == {"frechet": whole.test["frechet"]}
