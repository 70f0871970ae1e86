import pytest
import torch

from saddle.layer.minibatch_stddev import MinibatchStddev


@pytest.mark.parametrize("space", [(), (3, 5)])
@pytest.mark.parametrize("number", [1, 3, 4, 7, 8, 10])
def test_the_added_number_is_the_mean_deviation_over_the_images_group(number, space):
    features = torch.randn(number, 6, *space, dtype=torch.float64)
    joined = MinibatchStddev(4)(features)
    assert joined.shape == (number, 7, *space)
    assert torch.equal(joined[:, :6], features)
    groups = {1: 1, 3: 1, 4: 1, 7: 2, 8: 2, 10: 3}[number]
    for row in range(number):
        group = features[row % groups :: groups]
        expected = (group.var(0, correction=0) + 1e-8).sqrt().mean()
        torch.testing.assert_close(joined[row, 6], expected.expand(space), rtol=1e-12, atol=0)


def test_groups_are_those_of_stylegans_code():
    features = torch.randn(8, 2, 3, 3)
    split = features.view(4, 2, 2, 3, 3)  # group size first: images 0, 2, 4, 6 and 1, 3, 5, 7
    expected = (split.var(0, correction=0) + 1e-8).sqrt().mean((1, 2, 3)).repeat(4)
    torch.testing.assert_close(MinibatchStddev(4)(features)[:, 2, 1, 1], expected)


def test_equal_images_have_no_deviation_and_a_finite_gradient_of_the_gradient():
    features = torch.ones(4, 3, requires_grad=True)
    joined = MinibatchStddev(4)(features)
    torch.testing.assert_close(joined[:, 3], torch.full((4,), 1e-4))
    (gradient,) = torch.autograd.grad(joined[:, 3].square().sum(), features, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), features)
    assert gradient.isfinite().all()
    assert second.isfinite().all()


def test_gradients_of_gradients_are_right():
    features = torch.randn(5, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: MinibatchStddev(3)(x).square(), features)


def test_half_precision_in_half_precision_out_but_not_between():
    features = 200 + torch.randn(8, 4).bfloat16()  # of a deviation of about 1, a mean in bfloat16 would leave little
    joined = MinibatchStddev(8)(features)
    assert joined.dtype == torch.bfloat16
    expected = features.double().var(0, correction=0).sqrt().mean().item()
    assert joined[0, 4].item() == pytest.approx(expected, rel=2**-8)
