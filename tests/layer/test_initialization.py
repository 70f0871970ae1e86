import pytest
import torch
from torch import nn

from saddle.layer.initialization import LEAKY_RELU_GAIN, RELU_GAIN, draw_he_weights, inputs_of, scaled
from saddle.layer.normalization import weighted
from saddle.layer.projection import ProjectionHead


def network(last, normalization="none"):
    layers = [nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(32, 32, 4, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(
        *(weighted(layer, normalization) if hasattr(layer, "weight") else layer for layer in layers), last
    )


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.Linear(7, 3), 7),
        (nn.Conv2d(4, 6, 3), 36),
        (nn.Conv2d(4, 6, 5, stride=2), 100),
        (nn.ConvTranspose2d(4, 6, 4, stride=2), 16),
    ],
)
def test_inputs_are_the_values_that_an_output_is_a_sum_of(layer, inputs):
    assert inputs_of(layer) == inputs
    with torch.no_grad():
        layer.weight.fill_(1)
        layer.bias.zero_()
        shape = (1, 7) if isinstance(layer, nn.Linear) else (1, 4, 9, 9)
        output = layer(torch.ones(shape))[0, 0]
    middle = output[output.shape[0] // 2, output.shape[1] // 2] if output.dim() == 2 else output
    assert middle == inputs  # each of them is 1


def test_the_variance_of_weights_fits_the_inputs_and_the_activation():
    torch.manual_seed(0)
    last = nn.Conv2d(32, 16, 3)
    layers = network(last)
    draw_he_weights(layers, last)
    variances = [(layers[0], 2 / 72), (layers[2], 2 / 128), (last, 1 / 288)]
    for layer, variance in variances:
        assert layer.weight.var().item() == pytest.approx(variance, rel=0.06)
        assert layer.weight.mean().item() == pytest.approx(0, abs=4 * (variance / layer.weight.numel()) ** 0.5)
        assert not layer.bias.any()


def test_label_vectors_begin_at_the_scale_of_the_last_layer():
    torch.manual_seed(0)
    head = ProjectionHead(400, 50, "none")
    draw_he_weights(nn.Sequential(head), head)
    assert head.vectors.weight.std().item() == pytest.approx(400**-0.5, rel=0.03)
    assert head.linear.weight.std().item() == pytest.approx(400**-0.5, rel=0.2)


def test_spectrally_normalized_weights_stay():
    last = weighted(nn.Conv2d(32, 16, 3), "spectral")
    layers = network(last, "spectral").eval()
    before = [parameter.clone() for parameter in layers.parameters()]
    draw_he_weights(layers, last)
    assert all(torch.equal(a, b) for a, b in zip(before, layers.parameters(), strict=True))


@pytest.mark.parametrize("layer", [nn.Linear(300, 200), nn.Conv2d(50, 90, 3), nn.Conv2d(60, 400, 3, groups=2)])
def test_scaled_weights_keep_the_variance_times_the_square_of_the_gain(layer):
    torch.manual_seed(0)
    assert scaled(layer, 0.5) is layer
    assert layer.weight.std().item() == pytest.approx(0.5 / inputs_of(layer) ** 0.5, rel=0.03)
    assert not layer.bias.any()
    assert not scaled(layer, 0.0).weight.any()


def test_gains_make_up_for_what_an_activation_takes_away():
    numbers = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
    for gain, activation in ((RELU_GAIN, nn.ReLU()), (LEAKY_RELU_GAIN, nn.LeakyReLU(0.2))):
        assert gain * activation(numbers).square().mean().sqrt().item() == pytest.approx(1.0, rel=0.01)
