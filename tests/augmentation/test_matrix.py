import torch

from saddle.augmentation.matrix import matrix, normal, product


def test_a_matrix_has_its_entries_row_by_row():
    one, two = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    assert matrix((one, 5.0), (-6.0, two)).tolist() == [[[1, 5], [-6, 3]], [[2, 5], [-6, 4]]]


def test_the_product_is_torchs_and_keeps_float32_under_autocast():
    left, right = torch.randn(3, 4, 4), torch.randn(3, 4, 4)
    expected = left @ right
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(product(left, right), expected, rtol=0, atol=1e-5)
        assert (left @ right - expected).abs().max() > 1e-3  # what is avoided here


def test_normal_numbers_have_the_quantiles_of_the_normal_distribution():
    quantiles = torch.tensor([0.5, 0.8413447460685429, 0.022750131948179195], dtype=torch.float64)
    expected = torch.tensor([0.0, 1.0, -2.0], dtype=torch.float64)
    torch.testing.assert_close(normal(quantiles), expected, rtol=0, atol=1e-12)
    even = normal((torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000)
    assert abs(even.mean()) < 1e-9
    assert 0.999 < even.std() < 1.001


def test_normal_numbers_are_finite_at_both_ends():
    ends = normal(torch.tensor([0.0, 1 - 2.0**-24]))
    assert -5.5 < ends[0] < -5.3
    assert 5.3 > ends[1] > 5.2
