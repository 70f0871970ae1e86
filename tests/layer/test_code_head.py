import pytest
import torch
from torch import nn

from saddle.layer.code_head import code_head


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
def test_log_variances_begin_at_zero_and_learn(normalization):
    head = code_head(6, 3, True, normalization)
    output = head(100 * torch.randn(4, 6))
    assert output.shape == (4, 6)
    assert not output[:, 3:].any()
    assert output[:, :3].abs().min() > 0
    (output - 1).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())
    weight = head.parametrizations.weight.original if normalization == "spectral" else head.weight
    assert weight.grad.any(1).all()
    assert hasattr(head, "parametrizations") == (normalization == "spectral")


def test_codes_without_variances_are_linear_in_the_features():
    head = code_head(6, 3, False, "none")
    assert head.weight.shape == (3, 6)
    assert head.weight.abs().min() > 0


@pytest.mark.parametrize("gaussian", [False, True])
def test_other_initial_weights_are_those_asked_for(gaussian):
    head = code_head(6, 3, gaussian, "none", lambda module: nn.init.constant_(module.weight, 0.5))
    assert head.weight[:3].unique().tolist() == [0.5]
    assert head.weight[3:].unique().tolist() == ([0.0] if gaussian else [])
