import pytest
import torch
from torch import nn

from saddle.training.class_labels import labels_in_shares, labels_in_turn

HARMONIC = [1 / (k + 1) for k in range(10)]
SHARES = {
    "equal": [1.0] * 10,
    "harmonic": HARMONIC,
    "one large class": [0.9] + [0.1 / 9] * 9,
    "some empty": [0.0, 3.0, 0.0, 1.0],
    "single": [1.0],
    "two": [0.5, 0.5],
    "many": [1.0 + (k % 7) for k in range(1000)],
}


def normalized(shares: list[float]) -> list[float]:
    return [share / sum(shares) for share in shares]


@pytest.mark.parametrize("name", SHARES)
def test_any_beginning_of_the_labels_has_the_shares(name):
    shares = torch.tensor(normalized(SHARES[name]), dtype=torch.float64)
    labels = labels_in_shares(shares.tolist(), 3000)
    counts = nn.functional.one_hot(labels, len(shares)).double().cumsum(0)
    difference = counts - shares * torch.arange(1, 3001)[:, None]
    assert difference.abs().max() < 2
    assert (counts[-1][shares == 0] == 0).all()
    assert torch.equal(labels[:100], labels_in_shares(shares.tolist(), 100))


def test_fewer_labels_than_classes_are_spread_over_all_of_them():
    labels = labels_in_shares([1 / 1000] * 1000, 500)
    assert len(labels.unique()) == 500
    assert torch.bincount(labels // 100).tolist() == pytest.approx([50] * 10, abs=1)


def test_labels_in_turn_cycle():
    assert labels_in_turn(3, 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
