import pytest
import torch

from saddle.layer.attention import SelfAttention
from saddle.penalty.base import logits_and_input_gradient


def test_it_begins_as_the_identity_and_gamma_is_trained_away_from_there():
    layer, features = SelfAttention(16, "none"), torch.randn(2, 16, 3, 3)
    output = layer(features)
    assert torch.equal(output, features)
    output.square().sum().backward()
    assert layer.gamma.shape == ()
    assert layer.gamma.grad.abs() > 1e-3
    assert all(not parameter.grad.any() for name, parameter in layer.named_parameters() if name != "gamma")


def test_each_place_takes_from_all_as_equations_1_to_3_say():
    layer, features = SelfAttention(16, "none").double(), torch.randn(2, 16, 2, 3, dtype=torch.float64)
    with torch.no_grad():
        layer.gamma.fill_(0.7)
    x = features.flatten(2)
    f, g, h, v = (m.weight[:, :, 0, 0] for m in (layer.key, layer.query, layer.value, layer.out))
    assert f.shape == g.shape == h.shape == (2, 16)
    assert v.shape == (16, 2)
    for n in range(2):
        for j in range(6):
            scores = torch.stack([(f @ x[n, :, i]) @ (g @ x[n, :, j]) for i in range(6)])
            shares = scores.exp() / scores.exp().sum()
            o = v @ sum(shares[i] * (h @ x[n, :, i]) for i in range(6))
            expected = 0.7 * o + x[n, :, j]
            torch.testing.assert_close(layer(features)[n, :, j // 3, j % 3], expected, rtol=1e-10, atol=1e-12)


def test_few_channels_leave_one():
    layer = SelfAttention(5, "none")
    assert (layer.query.out_channels, layer.out.out_channels) == (1, 5)


@pytest.mark.parametrize(("normalization", "normalized"), [("none", 0), ("batch", 0), ("spectral", 4)])
def test_only_spectral_normalization_changes_its_convolutions(normalization, normalized):
    layer = SelfAttention(8, normalization)
    assert sum(hasattr(module, "parametrizations") for module in layer.modules()) == normalized


def test_the_gradient_of_an_input_gradient_penalty_is_that_of_finite_differences():
    layer = SelfAttention(8, "none").double()
    with torch.no_grad():
        layer.gamma.fill_(0.5)
    images = torch.randn(3, 8, 2, 2, dtype=torch.float64)

    def r1() -> torch.Tensor:
        _, gradient = logits_and_input_gradient(lambda x: layer(x).pow(3).flatten(1).sum(1), images)
        return gradient.square().flatten(1).sum(1).mean()

    r1().backward()
    for name, parameter in layer.named_parameters():
        flat, slope = parameter.data.view(-1), parameter.grad.flatten()[0].item()
        value, step, ends = flat[0].item(), 1e-5, []
        for sign in (1, -1):
            flat[0] = value + sign * step
            ends.append(r1().item())
        flat[0] = value
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(slope, rel=1e-6), name
        assert abs(slope) > 1e-3, name
