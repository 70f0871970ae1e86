import torch

from saddle.metric.base import MetricInputs, Read
from saddle.metric.factors import FactorValidity
from saddle.metric.known_factors import KnownFactors

PLACES = torch.tensor([2, 1])


def inputs(probabilities: torch.Tensor, training: list[int]) -> MetricInputs:
    """Samples whose features are the probabilities (N, 2, 2) of two factors of two options."""
    known = KnownFactors(
        read=lambda features: features.view(-1, 2, 2),
        numbers=lambda codes: (codes * PLACES).sum(1),
        training=torch.tensor(training),
        label=1,
    )
    read = Read(probabilities.flatten(1), torch.ones(len(probabilities), 1))
    return MetricInputs(read, read, factors=known)


def sure(*codes: tuple[int, int], confidence: float = 0.95) -> torch.Tensor:
    shown = torch.nn.functional.one_hot(torch.tensor(codes), 2)
    return torch.where(shown == 1, confidence, 1 - confidence)


def test_valid_samples_are_novel_or_copied():
    samples = sure((0, 0), (0, 1), (1, 0), (1, 1), (1, 1))
    assert FactorValidity().measure(inputs(samples, [3])) == {"valid": 1.0, "novel": 0.6, "copied": 0.4}
    assert FactorValidity().measure(inputs(samples, [0, 1, 2, 3])) == {"valid": 1.0, "novel": 0.0, "copied": 1.0}


def test_a_sample_with_one_unsure_factor_is_not_valid():
    samples = torch.cat([sure((0, 0), (1, 1)), sure((0, 0), confidence=0.89)])
    samples[1, 0] = torch.tensor([0.6, 0.4])
    values = FactorValidity().measure(inputs(samples, [0]))
    assert values == {"valid": 1 / 3, "novel": 0.0, "copied": 1 / 3}


def test_the_class_that_a_sample_shows_is_that_of_the_labels_factor():
    assert inputs(sure((0, 1), (1, 0)), [0]).shown.tolist() == [1, 0]
