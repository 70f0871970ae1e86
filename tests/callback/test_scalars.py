import pytest
import torch

from saddle.callback.scalars import real_above_fake


@pytest.mark.parametrize(
    ("real", "fake", "share"),
    [
        ([2.0, 3.0], [0.0, 1.0, -1.0], 1.0),
        ([0.0, 1.0], [2.0], 0.0),
        ([1.0], [1.0], 0.5),
        ([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], 0.5),
        ([1.0, 5.0], [1.0, 3.0, 7.0, 0.0], (0.5 + 1 + 1 + 1 + 1) / 8),
    ],
)
def test_all_pairs_count_and_ties_half(real, fake, share):
    real, fake = torch.tensor(real), torch.tensor(fake)
    assert float(real_above_fake(real, fake)) == pytest.approx(share)
    assert float(real_above_fake(real + 100, fake + 100)) == pytest.approx(share)  # only differences count
    assert float(real_above_fake(fake, real)) == pytest.approx(1 - share)


def test_it_counts_every_row_of_a_large_batch():
    real, fake = torch.zeros(1000), torch.ones(2000)
    real[900:] = 2
    assert float(real_above_fake(real, fake)) == pytest.approx(0.1)
