import csv
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import Points, SmallGenerator, default_metrics, fit, small_module
from saddle.callback.curves import Curves
from saddle.callback.game_metrics import GameMetrics, agreements, game_metrics, game_pictures
from saddle.callback.quality import Quality
from saddle.data.ring import Ring
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.turn import Game, LabeledSamples, Played, Turn
from saddle.loss.non_saturating import NonSaturating
from saddle.metric.agreement import agreement
from saddle.metric.extractor import extractor_for
from saddle.picture.grid import row_grid
from saddle.training.checkpoint_io import AtomicCheckpointIO
from saddle.training.data_module import GameDataModule
from saddle.training.ema import EMA
from saddle.training.noise import fixed_noise
from saddle.training.sampling import as_bytes

METRICS = default_metrics()


@dataclass(frozen=True)
class Copying(Game):
    """G learns images' mean; its metrics and pictures are simple functions of the batch, the noise and G."""

    needs = ("generator",)

    def turns(self):
        return (Turn("generator", ("generator",), self.loss),)

    def loss(self, networks, batch, moment):
        made = networks["generator"](moment.noise("latent", (len(batch["image"]), 3)))
        return Played({"gap": (made - batch["image"]).square().mean()})

    def metrics(self, networks, batch, moment):
        images = batch["image"]
        made = networks["generator"](moment.noise("latent", (len(images), 3)).to(images))
        return {"light": images.flatten(1).mean(1), "made": made.flatten(1).mean(1), "label": batch["label"]}

    def pictures(self, networks, batch, moment):
        return {"first": batch["image"][:6].unflatten(0, (2, 3))}

    def labeled_samples(self, networks, batch, moment):
        return {
            "named": LabeledSamples(batch["image"], batch["label"]),
            "found": LabeledSamples(batch["image"], batch["label"], False),
        }


class Digits(Points):
    """Points that are read by the classifier of MNIST, inverted first."""

    extractor = "mnist"

    def readable(self, images):
        return 255 - images


def module(**changes):
    torch.manual_seed(7)
    return small_module(Copying(), networks={"generator": SmallGenerator()}, **changes)


def run(folder, network, steps=9, data=None, extra=(), **settings):
    metrics = GameMetrics(str(folder / "samples"), **{"num": 40, "every_images": 32, "scale": 1, **settings})
    callbacks = [Curves(str(folder / "metrics.csv")), *extra, metrics]
    fit(network, data or Digits(), steps, callbacks, log_every_n_steps=4, plugins=[AtomicCheckpointIO()])
    with (folder / "metrics.csv").open() as file:
        return {int(row["iteration"]): row for row in csv.DictReader(file)}


def by_hand(network, batch, seed=0) -> dict[str, float]:
    noise = fixed_noise(seed, "figures latent", (len(batch["image"]), 3))
    made = network(noise.to(next(network.parameters())))
    found = {"light": batch["image"].mean(), "made": made.mean(), "label": batch["label"].float().mean()}
    return {name: pytest.approx(value.item(), rel=1e-5, abs=1e-6) for name, value in found.items()}


def test_metrics_are_means_over_held_out_images_by_the_averaged_networks(tmp_path):
    network = module(ema=EMA(1000))
    rows = run(tmp_path, network)
    measured = {i: row for i, row in rows.items() if row["metric/light"]}
    assert sorted(measured) == [4, 8, 9]  # every 32 images, of 8 in a batch, and at the end
    found = {name: float(rows[9][f"metric/{name}"]) for name in ("light", "made", "label")}
    averaged = network.ema.networks["generator"]
    assert found == by_hand(averaged, Digits().held_out(40))
    assert found["made"] != by_hand(network.generator, Digits().held_out(40))["made"]


def test_without_a_period_they_are_measured_at_the_end_alone(tmp_path):
    rows = run(tmp_path, module(), every_images=None)
    assert [i for i, row in rows.items() if row["metric/light"]] == [9]
    assert [path.name for path in (tmp_path / "samples" / "first").iterdir()] == ["00000009.png"]


def test_pictures_are_files_by_name_and_iteration(tmp_path):
    run(tmp_path, module())
    names = sorted(path.name for path in (tmp_path / "samples" / "first").iterdir())
    assert names == ["00000004.png", "00000008.png", "00000009.png"]
    shown = np.asarray(Image.open(tmp_path / "samples" / "first" / names[-1]).convert("L"))
    assert shown.shape == (2 * 4 + 2, 3 * 4 + 2)
    images = as_bytes(Digits().held_out(6)["image"])
    assert np.array_equal(shown[6:8, 10:12], images[5, 0].numpy())


def test_claims_are_read_by_the_classifier_of_quality(tmp_path):
    batch, extractor = Digits().held_out(40), extractor_for("auto", "mnist")
    read = extractor(255 - as_bytes(batch["image"]))[1].argmax(1)
    share = (read == batch["label"]).double().mean().item()
    found = agreements(Copying(), {"generator": SmallGenerator()}, batch, 0, Digits(), extractor)
    assert found["named"] == pytest.approx(share)
    assert found["found"] == pytest.approx(agreement(batch["label"], read, named=False))
    assert found["named"] < found["found"] < 1
    rows = run(tmp_path, module(), extra=[Quality(str(tmp_path), METRICS, num=40, cache=None)])
    assert float(rows[9]["metric/named"]) == pytest.approx(share)
    (tmp_path / "none").mkdir()
    without = run(tmp_path / "none", module(), extra=[Quality(str(tmp_path / "none"), METRICS, "none", num=40)])
    assert "metric/named" not in without[9]
    assert "metric/light" in without[9]


def test_no_claim_is_read_by_a_classifier_of_other_classes():
    data, extractor = Points(), extractor_for("auto", "mnist")
    assert agreements(Copying(), {"generator": SmallGenerator()}, data.held_out(9), 0, data, extractor) == {}


def test_parts_of_a_large_batch_count_by_their_rows():
    images = torch.cat([torch.full((500, 1, 2, 2), 0.5), torch.full((100, 1, 2, 2), -1.0)])
    batch = {"image": images, "label": torch.arange(600)}
    with torch.no_grad():
        found = game_metrics(Copying(), {"generator": SmallGenerator().double()}, batch, 0)
    assert found["light"] == pytest.approx((500 * 0.5 - 100) / 600)
    assert found["label"] == pytest.approx(299.5)


def test_the_seed_decides_the_noise():
    network, batch = SmallGenerator(), Points().held_out(20)
    first, again, other = (game_metrics(Copying(), {"generator": network}, batch, seed) for seed in (3, 3, 4))
    assert first == again == by_hand(network, batch, seed=3)
    assert first["light"] == other["light"]
    assert first["made"] != other["made"]


def test_pictures_are_grids_of_rows():
    pictures = game_pictures(Copying(), {"generator": SmallGenerator()}, Points().held_out(9), 0, scale=1)
    assert torch.equal(pictures["first"], row_grid(as_bytes(Points().held_out(6)["image"]).unflatten(0, (2, 3))))


def test_training_is_the_same_with_and_without_it(tmp_path):
    watched, alone = module(), module()
    run(tmp_path, watched)
    fit(alone, Digits(), 9)
    for name, value in alone.state_dict().items():
        assert torch.equal(value, watched.state_dict()[name])


class Alone(Points):
    """Points that must not be asked for what is held out."""

    def held_out(self, num):
        raise AssertionError("nobody looks at these")


def test_it_is_idle_for_a_game_that_has_nothing_to_show_and_on_points(tmp_path):
    plain = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    rows = run(tmp_path, plain, data=Alone())
    assert not [name for name in rows[9] if name.startswith("metric/")]
    assert not (tmp_path / "samples").exists()
    metrics = GameMetrics(str(tmp_path / "samples"), num=5)
    points = GameDataModule(Ring(8, 0))
    trainer = type("T", (), {"datamodule": points, "fast_dev_run": False, "is_global_zero": True})()
    metrics.on_train_start(trainer, module())
    assert metrics._batch is None
