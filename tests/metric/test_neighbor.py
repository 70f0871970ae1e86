import pytest
import torch

from saddle.metric.neighbor import checked, nearest, radii

LINE = torch.tensor([[0.0], [1.0], [3.0], [7.0]], dtype=torch.float64)


def test_radii_on_a_line():
    first, second = radii(LINE, (1, 3))
    torch.testing.assert_close(first, torch.tensor([1.0, 1.0, 2.0, 4.0], dtype=torch.float64))
    torch.testing.assert_close(second, torch.tensor([7.0, 6.0, 4.0, 7.0], dtype=torch.float64))
    with pytest.raises(ValueError, match="k=4 needs more than 4 rows, got 4"):
        radii(LINE, (4,))


def test_nearest_on_a_line():
    apart, index = nearest(torch.tensor([[0.4], [5.5]], dtype=torch.float64), LINE)
    torch.testing.assert_close(apart, torch.tensor([0.4, 1.5], dtype=torch.float64))
    assert index.tolist() == [0, 3]


def test_parts_are_joined_in_order():
    many = torch.randn(2300, 4, dtype=torch.float64)
    whole = torch.cdist(many, many)
    torch.testing.assert_close(radii(many, (2,))[0], whole.sort(1).values[:, 2], atol=1e-6, rtol=0)
    apart, index = nearest(many, many[:7])
    torch.testing.assert_close(apart, whole[:, :7].min(1).values, atol=1e-6, rtol=0)
    assert torch.equal(index, whole[:, :7].min(1).indices)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ([LINE[:1]], r"at least 2 rows, got shape \(1, 1\)"),
        ([LINE.flatten()], r"features \(N, D\)"),
        ([LINE, torch.zeros(4, 2)], "expected one D"),
        ([LINE / 0], "not finite"),
    ],
)
def test_unfit_features_are_refused(sets, message):
    with pytest.raises(ValueError, match=message):
        checked(*sets)
    assert checked(LINE.float())[0].dtype == torch.float64
