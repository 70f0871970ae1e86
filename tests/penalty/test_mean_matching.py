import torch

from helpers import term_inputs
from saddle.penalty.mean_matching import MeanMatching


def test_value_and_gradient_are_the_hand_derived_ones():
    real = torch.randn(5, 1, 2, 2).double()
    fake = torch.randn(4, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    value = MeanMatching(weight=1.0).generator(term_inputs(real=real, fake=fake))
    gap = fake.detach().mean(0) - real.mean(0)
    torch.testing.assert_close(value, gap.square().sum(), rtol=1e-12, atol=0)
    value.backward()
    torch.testing.assert_close(fake.grad, (2 * gap / 4).expand(4, 1, 2, 2), rtol=1e-12, atol=1e-15)


def test_equal_means_cost_nothing_however_the_images_differ_and_d_is_left_alone():
    given = term_inputs(real=torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1), fake=torch.zeros(3, 1, 1, 1))
    assert MeanMatching(weight=1.0).generator(given) == 0
    assert MeanMatching(weight=1.0).discriminator(given) is None
