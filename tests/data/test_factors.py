import torch

from saddle.data.robots import Robots


def test_codes_and_numbers_are_each_others_inverse():
    data = Robots(16, 3, 10, 2, seed=0)
    codes = torch.tensor([[0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6], [9, 9, 9, 9, 9, 9]])
    assert data.numbers(codes).tolist() == [0, 123456, 999999]
    assert torch.equal(data.codes_of(data.numbers(codes)), codes)


def test_fresh_codes_are_of_all_options_and_never_of_a_test_image(monkeypatch):
    monkeypatch.setattr(Robots, "test_size", 500_000)
    data = Robots(16, 3, 10, 2, seed=0)
    codes = data.fresh_codes(3000, torch.Generator().manual_seed(0))
    assert codes.shape == (3000, 6)
    assert not torch.isin(data.numbers(codes), data.numbers(data.test_codes())).any()
    for factor in codes.unbind(1):
        counts = torch.bincount(factor, minlength=10)
        assert counts.min() > 230
        assert counts.max() < 370


def test_all_modes_are_equally_likely():
    shares = Robots(16, 3, 10, 2, seed=0).mode_shares()
    assert shares.shape == (1000,)
    assert torch.equal(shares, torch.full((1000,), 0.001, dtype=torch.float64))
