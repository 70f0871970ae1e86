import math

import pytest
import torch
from scipy.stats import entropy as scipy_entropy
from torchmetrics.image.inception import InceptionScore

from saddle.metric.base import Read
from saddle.metric.classes import (
    classifier_score,
    effective_classes,
    entropy,
    histogram,
    kl_divergence,
    mode_coverage,
    total_variation,
)

SHARES = torch.tensor([0.5, 0.25, 0.25, 0.0], dtype=torch.float64)


def test_histogram_entropy_and_distances_by_hand():
    found = histogram(torch.tensor([0, 0, 1, 2]), 4)
    assert found.tolist() == SHARES.tolist()
    assert entropy(found) == pytest.approx(1.5 * math.log(2))
    even = torch.full((4,), 0.25, dtype=torch.float64)
    assert total_variation(found, even) == pytest.approx(0.25)
    assert total_variation(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])) == 1.0
    assert kl_divergence(found, even) == pytest.approx(scipy_entropy(found, even))
    assert kl_divergence(found, found) == 0.0
    assert kl_divergence(even, found) == math.inf


def test_the_score_is_one_for_no_information_and_k_for_confident_balanced_classes():
    assert classifier_score(torch.full((7, 4), 0.25)) == pytest.approx(1.0)
    assert classifier_score(torch.eye(4).repeat(3, 1)) == pytest.approx(4.0)
    assert classifier_score(torch.eye(4)[[1, 1, 1]]) == pytest.approx(1.0)


class Passed(torch.nn.Module):
    """Features that are the logits already; torchmetrics tries an extractor on an image first."""

    num_features = 5

    def forward(self, logits):
        return logits.flatten(1)[:, :5].float()


def test_the_score_agrees_with_torchmetrics_over_one_split():
    logits = torch.randn(500, 5) * 2
    theirs = InceptionScore(feature=Passed(), splits=1)
    theirs.update(logits)
    assert classifier_score(logits.softmax(1)) == pytest.approx(float(theirs.compute()[0]), rel=1e-4)


def test_modes_are_counted_and_weighed_against_the_data():
    data = torch.full((4,), 0.25, dtype=torch.float64)
    found = mode_coverage(torch.tensor([0, 0, 1, 2]), data)
    assert (found.covered, found.modes, found.floor) == (3, 4, 3 / 8)
    assert found.kl == pytest.approx(kl_divergence(SHARES, data))
    outside = mode_coverage(torch.tensor([0, 1, 2, 3]), SHARES)
    assert (outside.covered, outside.modes, outside.kl) == (3, 3, math.inf)


def test_the_floor_is_what_the_datas_own_samples_score():
    data = torch.softmax(torch.randn(200, dtype=torch.float64) * 0.3, 0)
    scores = [mode_coverage(torch.multinomial(data, 4000, True), data) for _ in range(30)]
    assert sum(score.kl for score in scores) / 30 == pytest.approx(scores[0].floor, rel=0.1)


def test_no_labels_are_refused():
    with pytest.raises(ValueError, match="at least one label"):
        histogram(torch.tensor([], dtype=torch.int64), 3)


def test_effective_classes_count_equal_shares_whole():
    even = Read(torch.zeros(8, 1), torch.eye(4)[torch.arange(8) % 4])
    assert effective_classes(even) == pytest.approx(4.0)
    one = Read(torch.zeros(8, 1), torch.eye(4)[torch.ones(8).long()])
    assert effective_classes(one) == 1.0
    uneven = Read(torch.zeros(4, 1), torch.eye(4)[torch.tensor([0, 0, 0, 1])])
    assert effective_classes(uneven) == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))
