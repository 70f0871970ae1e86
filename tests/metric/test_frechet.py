import numpy as np
import pytest
import scipy.linalg
import torch

from saddle.metric.frechet import frechet_distance, gaussian_distance, mean_and_covariance


def f64(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def by_sqrtm(mean_a, covariance_a, mean_b, covariance_b) -> float:
    """Eq. 6 as it is written, with SciPy's matrix root."""
    root = scipy.linalg.sqrtm(covariance_a.numpy() @ covariance_b.numpy()).real
    return float((mean_a - mean_b).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * np.trace(root))


def test_commuting_covariances_have_a_closed_form():
    means = f64([1.0, 2.0, 3.0]), f64([0.0, 2.0, 5.0])
    deviations = f64([1.0, 2.0, 0.5]), f64([3.0, 0.0, 0.5])
    expected = (1 + 0 + 4) + (4 + 4 + 0)  # squared differences of the means and of the standard deviations
    found = gaussian_distance(means[0], deviations[0].square().diag(), means[1], deviations[1].square().diag())
    assert found == pytest.approx(expected, rel=1e-12)


def test_two_by_two_covariances_that_do_not_commute_have_a_closed_form():
    a, b = f64([[2.0, 1.0], [1.0, 2.0]]), f64([[3.0, 0.0], [0.0, 1.0]])
    assert not torch.equal(a @ b, b @ a)
    # tr of the root of a 2x2 matrix M is sqrt(tr M + 2 sqrt(det M)); here tr(ab) = 8 and det(ab) = 9
    expected = 4 + 4 - 2 * np.sqrt(8 + 2 * np.sqrt(9))
    assert gaussian_distance(f64([0.0, 0.0]), a, f64([0.0, 0.0]), b) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("rows", "size"), [(300, 20), (15, 20)], ids=["full rank", "rank deficient"])
def test_it_agrees_with_an_independent_computation_in_both_directions(rows, size):
    generator = torch.Generator().manual_seed(3)
    first = torch.randn(rows, size, generator=generator, dtype=torch.float64)
    mixing = torch.randn(size, size, generator=generator, dtype=torch.float64)
    second = torch.randn(rows + 5, size, generator=generator, dtype=torch.float64) @ mixing + 0.3
    expected = by_sqrtm(*mean_and_covariance(first), *mean_and_covariance(second))
    tolerance = 1e-10 if rows > size else 1e-5  # the matrix root of a singular matrix loses half of the digits
    assert frechet_distance(first, second) == pytest.approx(expected, rel=tolerance)
    assert frechet_distance(second, first) == pytest.approx(frechet_distance(first, second), rel=1e-12)
    assert frechet_distance(first.numpy(), second.float().numpy()) == pytest.approx(expected, rel=1e-5)


def test_rank_deficient_covariances_have_a_closed_form():
    directions = torch.linalg.qr(torch.randn(50, 50, dtype=torch.float64)).Q
    u, v = directions[:, 0], directions[:, :2] @ f64([0.6, 0.8])  # one direction each, cosine 0.6
    found = gaussian_distance(f64([0.0] * 50), 4 * u.outer(u), f64([0.0] * 50), 9 * v.outer(v))
    assert found == pytest.approx(4 + 9 - 2 * 2 * 3 * 0.6, rel=1e-7)


@pytest.mark.parametrize("rows", [4, 500])
def test_identical_sets_are_at_distance_nothing_and_a_shift_adds_its_square(rows):
    features = 100 * torch.randn(rows, 30, dtype=torch.float64)
    scale = float(features.var(0).sum())
    assert 0 <= frechet_distance(features, features) < 1e-12 * scale
    assert frechet_distance(features, features + 2) == pytest.approx(30 * 4, rel=1e-8)


def test_moments_are_numpys():
    features = torch.randn(40, 6, dtype=torch.float64)
    mean, covariance = mean_and_covariance(features)
    assert np.allclose(mean, features.numpy().mean(0), rtol=1e-12)
    assert np.allclose(covariance, np.cov(features.numpy(), rowvar=False), rtol=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (torch.zeros(1, 3), torch.zeros(5, 3), "at least 2 rows"),
        (torch.zeros(5), torch.zeros(5, 3), "features"),
        (torch.zeros(5, 4), torch.zeros(5, 3), "of one D"),
        (torch.zeros(5, 3), torch.tensor([[1.0, float("nan"), 0.0]] * 2), "not finite"),
        (torch.tensor([[1.0, float("inf"), 0.0]] * 2), torch.zeros(5, 3), "not finite"),
    ],
)
def test_what_has_no_distance_raises(first, second, reason):
    with pytest.raises(ValueError, match=reason):
        frechet_distance(first, second)
