import torch

from helpers import term_inputs
from saddle.penalty.lecam import LeCam


def test_logits_are_held_to_the_others_average_and_averages_are_unbiased():
    term, means = LeCam(weight=1.0, decay=0.9), []
    for step in range(3):
        real, fake = torch.randn(4).double() + 1, torch.randn(4).double() - step
        means.append((real.mean(), fake.mean()))
        term.observe(real, fake)
    shares = torch.tensor([0.81, 0.9, 1.0]).double()
    shares = shares / shares.sum()
    anchor_real, anchor_fake = (sum(s * m[kind] for s, m in zip(shares, means, strict=True)) for kind in (0, 1))
    real = torch.tensor([-100.0, 0.0, 2.0], requires_grad=True)
    fake = torch.tensor([100.0, 1.0, -3.0], requires_grad=True)
    value = term.discriminator(term_inputs(logits={"real": real, "fake": fake}))
    expected = ((real - anchor_fake).square().mean() + (fake - anchor_real).square().mean()).detach()
    torch.testing.assert_close(value.detach(), expected.float(), rtol=1e-6, atol=0)
    value.backward()
    torch.testing.assert_close(real.grad, (2 * (real - anchor_fake) / 3).detach().float())
    torch.testing.assert_close(fake.grad, (2 * (fake - anchor_real) / 3).detach().float())


def test_before_any_observation_the_anchors_are_zero_and_it_does_not_change_them_itself():
    term = LeCam(weight=1.0)
    given = term_inputs(logits={"real": torch.full((3,), 2.0), "fake": torch.full((3,), -1.0)})
    assert term.discriminator(given) == 5.0
    assert term.discriminator(given) == 5.0
    assert term.generator(given) is None
    assert set(term.state.state_dict()) == {"sums", "mass"}
