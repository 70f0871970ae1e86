import pytest
import torch

from saddle.layer.conditional_batch_norm import ConditionalBatchNorm


@pytest.mark.parametrize("space", [(), (4, 5)])
def test_statistics_are_of_the_batch_and_gain_and_bias_of_the_label(space):
    layer = ConditionalBatchNorm(3, classes=2, dimensions=2 if space else 1)
    features, labels = torch.randn(6, 3, *space) * 5 + 2, torch.tensor([0, 1, 1, 0, 1, 1])
    plain = layer(features, labels)
    over = [d for d in range(features.dim()) if d != 1]
    torch.testing.assert_close(plain.mean(over), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(plain.var(over, correction=0), torch.ones(3), atol=1e-3, rtol=0)
    with torch.no_grad():
        layer.gain.weight[1], layer.bias.weight[1] = torch.tensor([2.0, 3.0, 4.0]), torch.tensor([-1.0, 0.0, 1.0])
    changed = layer(features, labels)
    torch.testing.assert_close(changed[labels == 0], plain[labels == 0])
    shape = (3, *[1] * len(space))
    expected = plain[labels == 1] * layer.gain.weight[1].view(shape) + layer.bias.weight[1].view(shape)
    torch.testing.assert_close(changed[labels == 1], expected)
