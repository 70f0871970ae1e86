import pytest
import torch

from saddle.metric.memorization import memorization


def features(rows: int) -> torch.Tensor:
    return torch.randn(rows, 4, dtype=torch.float64)


def test_new_samples_look_like_held_out_images_and_copies_do_not():
    training, held_out = features(1000), features(800)
    new = memorization(features(800), training, held_out)
    assert new.ratio == pytest.approx(1.0, abs=0.1)
    assert new.copies == pytest.approx(0.01, abs=0.012)
    copied = memorization(training[[5, 900, 5]], training, held_out)
    assert copied.ratio == pytest.approx(0.0, abs=1e-6)
    assert copied.copies == 1.0
    assert copied.neighbors.tolist() == [5, 900, 5]


def test_the_share_of_copies_is_found_and_grows_monotonically():
    training, held_out = features(1000), features(800)
    shares = []
    for count in (0, 80, 400):
        samples = torch.cat([training[:count] + 1e-3, features(800 - count)])
        shares.append(memorization(samples, training, held_out).copies)
    assert shares == sorted(shares)
    assert shares[1:] == pytest.approx([0.1 + 0.009, 0.5 + 0.005], abs=0.012)
