import pytest
import torch
from scipy.stats import truncnorm
from torch import nn

from saddle.architecture.mlp import Generator
from saddle.architecture.resnet import Generator as Translator
from saddle.data.ring import Ring
from saddle.training.sampling import all_labels, as_floats, images_from, ready, sources_for, through, truncated


def conditional(normalization: str = "none") -> nn.Module:
    return Generator(4, 1, latent_dim=5, hidden=(8,), normalization=normalization, conditional=True, classes=3)


@pytest.mark.parametrize("threshold", [0.3, 1.0, 4.0])
def test_truncated_noise_has_the_truncated_normals_quantiles_in_the_same_order(threshold):
    noise = torch.randn(4000, generator=torch.Generator().manual_seed(1))
    cut = truncated(noise, threshold)
    assert cut.dtype == torch.float32
    assert cut.abs().max() <= threshold
    assert (cut[noise.argsort()].diff() >= 0).all()
    ranks = torch.tensor([0.01, 0.2, 0.5, 0.9])
    expected = torch.tensor(truncnorm(-threshold, threshold).ppf(ranks))
    torch.testing.assert_close(truncated(torch.special.ndtri(ranks), threshold).double(), expected, atol=1e-5, rtol=0)


def test_a_far_threshold_changes_nothing_and_extremes_stay_finite():
    noise = torch.tensor([-40.0, -3.0, 0.0, 0.7, 40.0])
    torch.testing.assert_close(truncated(noise[1:4], 9.0), noise[1:4])
    for threshold in (0.5, 9.0):
        assert truncated(noise, threshold)[[0, 4]].tolist() == pytest.approx([-threshold, threshold])


def test_labels_go_through_the_classes_in_turn_unless_they_are_given():
    generator = ready(conditional(), seed=0)
    assert all_labels(generator, 5).tolist() == [0, 1, 2, 0, 1]
    in_turn = images_from(generator, 5, seed=0)
    asked = images_from(generator, 5, seed=0, labels=torch.full((5,), 2), batch_size=2)
    assert torch.equal(in_turn[2], asked[2])
    assert not torch.equal(in_turn[1], asked[1])
    assert all_labels(Generator(4, 1), 5) is None


def test_truncation_reaches_the_latent():
    generator = Generator(4, 1, latent_dim=16, hidden=())
    nn.init.zeros_(generator.layers[0].bias)
    nn.init.eye_(generator.layers[0].weight)
    shown = images_from(generator, 50, seed=0, truncation=0.1).float() / 127.5 - 1
    assert shown.abs().max() == pytest.approx(0.1, abs=0.01)


def test_batch_statistics_of_a_conditional_generator_cover_all_classes():
    generator = conditional("batch")
    norm = generator.layers[2].norm
    norm.running_mean.fill_(99.0)
    ready(generator, seed=0)
    assert norm.running_mean.abs().max() < 3
    assert not norm.training


def test_spectral_norms_are_those_of_the_averaged_weights():
    torch.manual_seed(0)
    network = Generator(8, 1, hidden=(32,), normalization="spectral")
    with torch.no_grad():
        for layer in network.modules():
            if hasattr(layer, "parametrizations"):
                layer.parametrizations.weight.original.normal_()  # as an average moves weights, not their vectors
    layers = [layer for layer in network.modules() if hasattr(layer, "parametrizations")]
    network.eval()
    assert max(float(torch.linalg.matrix_norm(layer.weight, 2)) for layer in layers) > 1.2
    ready(network, 0)
    assert not any(module.training for module in network.modules())
    for layer in layers:
        assert float(torch.linalg.matrix_norm(layer.weight, 2)) == pytest.approx(1, abs=0.02)


class Sources(Ring):
    """Data that has images to start from."""

    def to_translate(self, num):
        return torch.arange(num).view(-1, 1, 1, 1).expand(-1, 1, 8, 8).to(torch.uint8)


def test_a_generator_that_reads_sources_is_given_the_datas_in_order_and_again_from_the_first():
    data = Sources(batch_size=8, seed=0)
    translator = ready(Translator(8, 1, width=2, halvings=1, blocks=1), seed=0)
    sources = sources_for(translator, data, 3)
    assert sources[:, 0, 0, 0].tolist() == [0, 1, 2]
    translator.layers = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.ones_(translator.layers.weight)
    shown = images_from(translator, 5, seed=0, sources=torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8))
    assert torch.equal(shown[3:], shown[:2])
    assert not torch.equal(shown[1], shown[0])
    expected = (as_floats(sources).tanh() + 1) * 127.5
    torch.testing.assert_close(images_from(translator, 3, 0, sources=sources).float(), expected, atol=0.51, rtol=0)
    assert sources_for(conditional(), data, 3) is None
    assert sources_for(translator, Ring(batch_size=8, seed=0), 3) is None


def test_an_output_does_not_depend_on_how_many_are_computed():
    network = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 400)).eval()
    latent = torch.randn(9, 64)
    for num in range(1, 9):
        assert torch.equal(through(network, latent[:num]), through(network, latent)[:num])
