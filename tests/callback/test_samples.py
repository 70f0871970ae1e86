from itertools import pairwise

import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from helpers import Points, fit, small_module
from saddle.architecture.points import Discriminator, Generator
from saddle.callback.samples import SampleGrids
from saddle.data.ring import Ring
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.metric.points import in_words
from saddle.picture.grid import image_grid
from saddle.picture.landscape import landscape_of
from saddle.picture.points import point_picture, reach_of
from saddle.training.due import next_round
from saddle.training.ema import EMA
from saddle.training.sampling import images_from


def test_round_numbers():
    assert sorted({next_round(n) for n in range(100)}) == [1, 2, 5, 10, 20, 50, 100]
    assert all(next_round(n) > n for n in range(1000))


def test_grids_come_at_a_growing_cadence_and_at_the_end(tmp_path):
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())), ema=EMA())
    fit(module, Points(), 23, [SampleGrids(str(tmp_path), num=9, every_iterations=7, scale=1)])
    names = sorted(path.stem for path in tmp_path.iterdir())
    assert [int(name) for name in names] == [0, 1, 2, 5, 7, 10, 14, 20, 21, 23]
    shown = pil_to_tensor(Image.open(tmp_path / "00000023.png"))
    assert torch.equal(shown, image_grid(images_from(module.ema.networks.generator, 9, seed=0)))


def test_grids_that_are_too_many_are_thinned_out_over_the_whole_run(tmp_path):
    (tmp_path / "reconstruction").mkdir()  # pictures of another kind
    fit(
        small_module(Adversarial(AdversarialObjective(NonSaturating()))),
        Points(),
        160,
        [SampleGrids(str(tmp_path), 4, 2, keep=20)],
    )
    names = sorted(int(path.stem) for path in tmp_path.glob("*.png"))
    assert len(names) == 20
    assert {0, 1, 2, 5, 10, 20, 50, 100, 160} <= set(names)
    gaps = [after - before for before, after in pairwise(names)]
    assert max(gaps) <= 2 * 160 / 12
    assert (tmp_path / "reconstruction").is_dir()


@pytest.mark.parametrize(("classes", "rows", "columns"), [(2, 2, 16), (10, 10, 8), (47, 47, 8), (1000, 64, 8)])
def test_conditional_grids_have_rows_that_can_be_looked_at(tmp_path, classes, rows, columns):
    labels = SampleGrids(str(tmp_path))._labels(classes)
    counts = torch.bincount(labels, minlength=classes)
    assert counts.unique().tolist() == ([columns] if rows == classes else [0, columns])
    assert (counts > 0).sum() == rows
    assert labels[:2].tolist() == [0, classes // rows]


def test_points_are_shown_over_the_data_in_the_landscape_of_d(tmp_path):
    networks = {"generator": Generator(hidden=[8]), "discriminator": Discriminator(hidden=[8])}
    module, ring = (
        small_module(Adversarial(AdversarialObjective(NonSaturating())), networks=networks),
        Ring(batch_size=8, seed=0, size=200),
    )
    fit(module, ring, 3, [SampleGrids(str(tmp_path), points=20)])
    assert sorted(int(path.stem) for path in tmp_path.iterdir()) == [0, 1, 2, 3]
    samples = images_from(module.sampler(), 20, seed=0)
    seen = landscape_of(networks["discriminator"], samples, ring.training()[0], reach_of(ring))
    expected = point_picture(samples, ring, f"iteration 3: {in_words(samples, ring)}", seen)
    assert torch.equal(pil_to_tensor(Image.open(tmp_path / "00000003.png")), expected)
