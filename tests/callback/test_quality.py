import csv
import json
import math

import pytest
import torch
from torch import nn

from helpers import Points, SmallGenerator, fit, small_module
from saddle.callback.curves import Curves
from saddle.callback.quality import FRECHET, Quality, pixels
from saddle.callback.summary import Summary
from saddle.game.adversarial import Adversarial
from saddle.loss.non_saturating import NonSaturating
from saddle.metric.frechet import frechet_distance
from saddle.seed import hashed_seed
from saddle.training.sampling import images_from


def module():
    return small_module(Adversarial(NonSaturating()))


def measured(folder, network, **flags):
    """The callback's figure, its metrics.csv and its summary after training `network`."""
    curves = Curves(str(folder / "metrics.csv"))
    callbacks = [curves, Quality(num=40), Summary(str(folder))]
    fit(network, Points(), 9, callbacks, log_every_n_steps=4, **flags)
    return curves.latest.get(FRECHET)


def test_the_figure_is_the_distance_of_samples_to_training_images_and_stands_everywhere(tmp_path, capsys):
    network = module()
    found = measured(tmp_path, network)
    samples = images_from(network.sampler(), 40, hashed_seed(network.seed, "quality"))
    images = Points().load()[0][torch.randperm(60, generator=torch.Generator().manual_seed(0))[:40]]
    expected = frechet_distance(images.flatten(1) / 127.5 - 1, samples.flatten(1) / 127.5 - 1)
    assert found == pytest.approx(expected, rel=1e-6)
    assert json.loads((tmp_path / "summary.json").read_text())["metrics"][FRECHET] == found
    assert f"{found:.4f}" in capsys.readouterr().out
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["iteration"]), row[FRECHET]) for row in rows] == [(4, ""), (8, ""), (9, str(found))]
    assert float(rows[-1]["loss/generator"]) > 0


def test_training_is_the_same_with_and_without_it(tmp_path):
    with_it, without = module(), module()
    measured(tmp_path, with_it)
    fit(without, Points(), 9)
    assert torch.equal(with_it.generator.linear.weight, without.generator.linear.weight)


class Broken(SmallGenerator):
    """Gives what is no number, once told to."""

    broken = False

    def forward(self, latent):
        return super().forward(latent) * (math.nan if self.broken and not self.training else 1)


def test_samples_that_are_not_finite_give_infinity_and_null(tmp_path):
    network = small_module(
        Adversarial(NonSaturating()),
        networks={"generator": Broken(), "discriminator": module().discriminator},
    )
    network.generator.broken = True
    assert measured(tmp_path, network) == math.inf
    text = (tmp_path / "summary.json").read_text()
    assert json.loads(text)["metrics"][FRECHET] is None


def test_a_fast_development_run_measures_nothing(tmp_path):
    assert measured(tmp_path, module(), fast_dev_run=True) is None
    assert list(tmp_path.iterdir()) == []


def test_one_image_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        Quality(num=1)


@pytest.mark.parametrize(
    ("shape", "size"), [((1, 28, 28), 784), ((1, 32, 32), 1024), ((3, 32, 32), 3 * 16 * 16), ((3, 64, 64), 3 * 16 * 16)]
)
def test_pixels_are_averaged_where_they_are_many(shape, size):
    images = torch.randint(0, 256, (5, *shape), dtype=torch.uint8)
    features = pixels(images)
    assert features.shape == (5, size)
    assert features.mean() == pytest.approx(float(images.float().mean()) / 127.5 - 1, abs=1e-5)
    side = round((images[0].numel() / size) ** 0.5)
    corner = nn.functional.avg_pool2d(images.float(), side)[:, 0, 0, 0] / 127.5 - 1
    assert torch.allclose(features[:, 0], corner, atol=1e-6)
