import math
from dataclasses import replace

import torch

from saddle.metric.base import Metric, MetricInputs, Read


def inputs() -> MetricInputs:
    read = Read(torch.zeros(2, 3), torch.tensor([[0.2, 0.8], [0.7, 0.3]]))
    return MetricInputs(read, read)


class Loud(Metric):
    """A metric whose values may be negative, and is therefore told what the worst is."""

    directions = {"quiet": "smaller", "loud": "larger"}

    def measure(self, inputs):
        return {"quiet": 1.0, "loud": -1.0}


class Louder(Loud):
    """Values below 0."""

    def worst(self):
        return {**super().worst(), "loud": -math.inf}


def test_the_worst_values_follow_from_the_directions_unless_the_metric_says_otherwise():
    assert Loud().worst() == {"quiet": math.inf, "loud": 0}
    assert Louder().worst() == {"quiet": math.inf, "loud": -math.inf}


def test_the_label_of_an_image_is_its_most_probable_class():
    assert inputs().real.labels.tolist() == [1, 0]


def test_what_is_kept_belongs_to_the_inputs_and_the_function():
    calls = []

    def first(given):
        calls.append("first")
        return len(given.fake.features)

    def second(given):
        calls.append("second")
        return

    given = inputs()
    assert (given.once(first), given.once(first)) == (2, 2)
    assert (given.once(second), given.once(second)) == (None, None)
    assert calls == ["first", "second"]
    other = replace(given, fake=Read(torch.zeros(5, 3), torch.ones(5, 2)))
    assert other.once(first) == 5
