import math

import pytest
import torch

from saddle.layer.code import category_of, code_of, coded, values_of, with_category, with_values

NUMBER = 100_000
CODES = [(10, 2), (3, 0), (0, 3), (2, 1)]


@pytest.mark.parametrize(("categories", "continuous"), CODES)
def test_the_last_numbers_become_a_one_hot_and_numbers_in_minus_one_to_one(categories, continuous):
    latent = torch.randn(50, 20)
    code = coded(latent, categories, continuous)
    noise = 20 - categories - continuous
    assert (code.shape, code.dtype) == (latent.shape, latent.dtype)
    assert torch.equal(code[:, :noise], latent[:, :noise])
    hot, values = code[:, noise : noise + categories], code[:, noise + categories :]
    if categories:
        assert torch.equal(hot.sum(1), torch.ones(50))
        assert set(hot.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(hot.argmax(1), category_of(latent, categories, continuous))
        chosen = latent[:, noise : noise + categories].gather(1, hot.argmax(1, keepdim=True))
        assert (chosen >= latent[:, noise : noise + categories]).all()
    for row in range(3):
        expected = [math.erf(x / math.sqrt(2)) for x in latent[row, noise + categories :].tolist()]
        assert values[row].tolist() == pytest.approx(expected, abs=1e-6)
    assert torch.equal(values, values_of(latent, continuous))


def test_without_a_code_the_latent_stays():
    latent = torch.randn(4, 3)
    assert coded(latent, 0, 0) is latent
    assert values_of(latent, 0).shape == (4, 0)


def test_categories_and_values_are_uniform_and_independent():
    latent = torch.randn(NUMBER, 14)
    category, values = category_of(latent, 10, 2), values_of(latent, 2)
    counts = torch.bincount(category, minlength=10).double() / NUMBER
    # four standard deviations of a share of 0.1; of the distance that 100,000 uniform numbers keep from theirs; of a
    # mean of uniform numbers
    assert counts.tolist() == pytest.approx([0.1] * 10, abs=4 * math.sqrt(0.09 / NUMBER))
    even = torch.linspace(-1, 1, NUMBER)
    for column in range(2):
        assert (values[:, column].sort().values - even).abs().max() / 2 < 2 / math.sqrt(NUMBER)
        assert 0.999 < values[:, column].abs().max() <= 1
    assert (values[:, 0] * values[:, 1]).mean().item() == pytest.approx(0, abs=4 / 3 / math.sqrt(NUMBER))
    for name in range(10):
        few = values[category == name]
        assert few.mean().item() == pytest.approx(0, abs=4 * math.sqrt(1 / 3 / few.numel()))


@pytest.mark.parametrize("latent", [torch.randn(7, 9), torch.zeros(7, 9), torch.full((7, 9), -50.0)])
def test_a_latent_of_a_given_category(latent):
    wanted = torch.tensor([0, 3, 1, 2, 2, 0, 1])
    before = latent.clone()
    changed = with_category(latent, wanted, 4, 2)
    assert torch.equal(category_of(changed, 4, 2), wanted)
    assert torch.equal(latent, before)
    other = (wanted + 1) % 4
    assert torch.equal(category_of(with_category(changed, other, 4, 2), 4, 2), other)
    kept = torch.ones(7, 9, dtype=torch.bool)
    kept[torch.arange(7), 3 + wanted] = False
    assert torch.equal(changed[kept], latent[kept])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_latent_of_given_values(dtype):
    latent = torch.randn(5, 9, dtype=dtype)
    values = torch.tensor([[0.0, 1.0], [-1.0, 0.5], [0.999, -0.999], [1e-4, -0.3], [-0.5, 0.9]], dtype=dtype)
    changed = with_values(latent, values)
    assert changed.isfinite().all()
    assert changed.dtype == dtype
    torch.testing.assert_close(values_of(changed, 2), values, rtol=1e-6, atol=1e-7)
    assert torch.equal(changed[:, :7], latent[:, :7])
    expected = torch.special.ndtri((values[2:].double() + 1) / 2).to(dtype)
    torch.testing.assert_close(changed[2:, 7:], expected, rtol=1e-4, atol=1e-6)
    for wrong in (1.01, -1.01):
        with pytest.raises(ValueError, match=r"values in \[-1, 1\] only"):
            with_values(latent, torch.full((5, 1), wrong, dtype=dtype))


def test_a_latent_is_larger_than_its_code():
    assert code_of(13, 10, 2) == (10, 2)
    assert code_of(1, 0, 0) == (0, 0)
    with pytest.raises(ValueError, match="latent_dim=12 holds no noise beside categories=10 and continuous=2: .* 13"):
        code_of(12, 10, 2)
    with pytest.raises(ValueError, match="categories=1 is a code that says nothing"):
        code_of(12, 1, 2)
