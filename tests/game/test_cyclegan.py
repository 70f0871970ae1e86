import pytest
import torch
from torch import nn

from helpers import Points, fit, small_module
from saddle.architecture import base
from saddle.augmentation.ada import ADA
from saddle.augmentation.base import Augmentation
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.cyclegan import CycleGAN
from saddle.game.turn import DataSizes, Moment
from saddle.loss.least_squares import LeastSquares
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.penalty.r1 import R1
from saddle.penalty.weight_clipping import WeightClipping
from saddle.training.ema import EMA

IMAGE, SOURCE = torch.randn(2, 6, 1, 2, 2, generator=torch.Generator().manual_seed(3))
BATCH = {"image": IMAGE, "source": SOURCE, "label": torch.arange(6)}
NUMBERS = {"image_pool": torch.tensor([0.9, 0.1, 0.6, 0.3, 0.76, 0.5]), "source_pool": torch.linspace(0.1, 0.9, 6)}


class Translator(nn.Module):
    """2x2 images to 2x2 images by one linear layer."""

    classes, latent_dim, reads = 0, 0, "source"

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, images):
        return self.linear(images.flatten(1)).view_as(images)


class Patches(base.Discriminator):
    """2x2 images to four logits each: of every pixel, its square times a weight plus a bias."""

    classes, patches = 0, 4

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.tensor(0.7)), nn.Parameter(torch.tensor(0.2))

    @property
    def head(self):
        raise AssertionError("this game reads no features")

    def forward(self, images):
        return (self.weight * images.square() + self.bias).flatten()


def moment(iteration: int = 0) -> Moment:
    return Moment(iteration, 0, None, lambda purpose, shape: NUMBERS[purpose])


def made_networks() -> dict[str, nn.Module]:
    torch.manual_seed(1)
    networks = {"generator": Translator(), "inverse": Translator()}
    networks |= {"discriminator": Patches(), "source_discriminator": Patches()}
    networks["source_discriminator"].weight.data.fill_(-0.4)
    return networks


@pytest.fixture
def networks():
    return made_networks()


def game(loss=None, penalties=None, augmentations=None, **changes) -> CycleGAN:
    return CycleGAN(
        AdversarialObjective(loss or LeastSquares(), penalties or {}, augmentations or {}),
        DataSizes(channels=1, image_size=2, classes=0),
        **changes,
    )


def changed_by(loss, networks) -> set[str]:
    """The networks that receive gradients."""
    for network in networks.values():
        network.zero_grad(set_to_none=True)
    sum(loss.terms.values()).backward()
    return {name for name, network in networks.items() if any(p.grad is not None for p in network.parameters())}


def real_and_fake(networks, judge: str, real, fake) -> float:
    return 0.5 * (networks[judge](real) - 1).square().mean() + 0.5 * networks[judge](fake).square().mean()


def test_discriminators_play_both_sides_and_nothing_else_is_trained(networks):
    played = game().discriminator_loss(networks, BATCH, moment())
    image, source = networks["generator"](SOURCE).detach(), networks["inverse"](IMAGE).detach()
    expected = {"adversarial": real_and_fake(networks, "discriminator", IMAGE, image)}
    expected["source_adversarial"] = real_and_fake(networks, "source_discriminator", SOURCE, source)
    assert played.terms.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(played.terms[name], value)
    torch.testing.assert_close(played.observed["real"], networks["discriminator"](IMAGE).detach())
    torch.testing.assert_close(played.observed["fake"], networks["discriminator"](image).detach())
    assert changed_by(played, networks) == {"discriminator", "source_discriminator"}


def test_generators_terms_are_the_hand_computed_ones_and_both_are_trained(networks):
    weights = {"adversarial": 2.0, "cycle": 10.0, "identity": 5.0}
    played = game(weights=weights).generator_loss(networks, BATCH, moment())
    there, back = networks["generator"], networks["inverse"]
    fooled = {
        "": networks["discriminator"](there(SOURCE)),
        "source_": networks["source_discriminator"](back(IMAGE)),
    }
    expected = {f"{name}adversarial": 2 * 0.5 * (logits - 1).square().mean() for name, logits in fooled.items()}
    expected["cycle"] = 10 * ((back(there(SOURCE)) - SOURCE).abs().mean() + (there(back(IMAGE)) - IMAGE).abs().mean())
    expected["identity"] = 5 * ((there(IMAGE) - IMAGE).abs().mean() + (back(SOURCE) - SOURCE).abs().mean())
    assert played.terms.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(played.terms[name], value)
    torch.testing.assert_close(played.observed["fake"], fooled[""].detach())
    alone = {"adversarial": {"generator", "discriminator"}, "source_adversarial": {"inverse", "source_discriminator"}}
    for name in expected:
        term = game(weights=weights).generator_loss(networks, BATCH, moment())
        only = type(term)({name: term.terms[name]})
        assert changed_by(only, networks) == alone.get(name, {"generator", "inverse"})


def test_terms_of_weight_0_are_left_out_and_other_weights_are_refused(networks):
    weights = {"adversarial": 1.0, "cycle": 0.0, "identity": 0.0}
    terms = game(weights=weights).generator_loss(networks, BATCH, moment()).terms
    assert terms.keys() == {"adversarial", "source_adversarial"}
    with pytest.raises(
        ValueError, match="weights.cycel: there is no such term; the terms are adversarial, cycle, iden"
    ):
        game(weights={**weights, "cycel": 1.0})
    with pytest.raises(ValueError, match="weights.identity is missing"):
        game(weights={"adversarial": 1.0, "cycle": 1.0})


def test_discriminators_are_shown_earlier_fakes_where_the_numbers_say_so(networks):
    playing = game(pool_size=2)
    assert playing.state() == {"image_pool": playing.pools["image"], "source_pool": playing.pools["source"]}
    earlier = torch.randn(2, 1, 2, 2)
    for pool in playing.pools.values():
        pool.put(earlier, torch.tensor([0.1, 0.2]))
    fresh = networks["generator"](SOURCE).detach()
    shown = torch.stack([earlier[1], fresh[1], earlier[0], fresh[3], earlier[1], earlier[0]])
    played = playing.discriminator_loss(networks, BATCH, moment())
    torch.testing.assert_close(played.observed["fake"], networks["discriminator"](shown).detach())
    torch.testing.assert_close(
        played.terms["adversarial"], real_and_fake(networks, "discriminator", IMAGE, shown), rtol=1e-6, atol=1e-6
    )
    assert torch.equal(playing.pools["image"].images, earlier)  # a loss changes no state
    discriminator, generator = playing.turns()
    assert generator.after is None
    discriminator.after(played.observed)
    assert torch.equal(playing.pools["image"].images, fresh[[2, 0]])  # the largest number at each place
    assert torch.equal(playing.pools["source"].images, networks["inverse"](IMAGE).detach()[[4, 5]])


def test_without_pools_fakes_are_always_fresh_and_there_is_no_state(networks):
    playing = game(pool_size=0)
    assert playing.state() == {}
    assert playing.turns()[0].after is None
    played = playing.discriminator_loss(networks, BATCH, moment())
    made = networks["generator"](SOURCE)
    torch.testing.assert_close(played.observed["fake"], networks["discriminator"](made).detach())


def test_an_input_gradient_is_that_of_the_mean_over_an_images_patches(networks):
    terms = game(penalties={"r1": R1(weight=3.0)}).discriminator_loss(networks, BATCH, moment()).terms
    for prefix, real in (("", IMAGE), ("source_", SOURCE)):
        slope = 2 * networks[f"{prefix}discriminator"].weight * real.flatten(1) / 4
        torch.testing.assert_close(terms[f"{prefix}r1"], 3 * slope.square().sum(1).mean())


def test_losses_that_compare_give_generators_the_logits_on_real_images_of_their_side(networks):
    loss = Relativistic()
    terms = game(loss).generator_loss(networks, BATCH, moment()).terms
    for prefix, real, fake in (("", IMAGE, ("generator", SOURCE)), ("source_", SOURCE, ("inverse", IMAGE))):
        judge = networks[f"{prefix}discriminator"]
        expected = loss.generator(judge(networks[fake[0]](fake[1])), judge(real)).mean()
        torch.testing.assert_close(terms[f"{prefix}adversarial"], expected)


class Brighter(Augmentation):
    def forward(self, images, uniform):
        return images + 1


def test_both_discriminators_see_images_through_the_augmentations(networks):
    played = game(augmentations={"brighter": Brighter()}).discriminator_loss(networks, BATCH, moment())
    made = networks["inverse"](IMAGE).detach()
    expected = real_and_fake(networks, "source_discriminator", SOURCE + 1, made + 1)
    torch.testing.assert_close(played.terms["source_adversarial"], expected)
    torch.testing.assert_close(played.observed["real"], networks["discriminator"](IMAGE + 1).detach())


def test_ada_is_told_of_the_first_discriminators_patches_and_of_images(networks):
    ada = ADA(every_iterations=2)
    playing = game(NonSaturating(), augmentations={"ada": ada}, pool_size=0)
    assert playing.state() == {"ada": ada}
    networks["discriminator"].bias.data.fill_(-0.3)
    played = playing.discriminator_loss(networks, BATCH, moment())
    playing.turns()[0].after(played.observed)
    signs = networks["discriminator"](IMAGE).sign().sum()
    assert (ada.images, ada.logits, ada.signs) == (6, 24, signs)
    assert signs not in (networks["source_discriminator"](SOURCE).sign().sum(), 24, -24)


class Pairs(Points):
    """Points with as many others to start from."""

    has_sources = True

    def load_sources(self):
        return self.load()[0].flip(0)


def module(playing, **changes):
    networks = {name: network.double() for name, network in made_networks().items()}
    return small_module(playing, networks=networks, **changes)


def test_each_turn_changes_its_networks_and_averages_follow_both_generators():
    training = module(game(penalties={"clip": WeightClipping(limit=0.3)}, pool_size=20), ema=EMA(16, warmup=0))
    before = {name: value.clone() for name, value in training.state_dict().items() if isinstance(value, torch.Tensor)}
    assert set(training.ema.networks) == {"generator", "inverse"}
    fit(training, Pairs(), 5)
    assert dict(training.clock.updates) == {"discriminator": 5, "generator": 5}
    for name, value in training.state_dict().items():
        if isinstance(value, torch.Tensor):
            assert not torch.equal(value.double(), before[name].double()), name
    for name in ("discriminator", "source_discriminator"):
        assert training.networks[name].weight.abs() <= 0.3
    assert training.generator.linear.weight.abs().max() > 0.3
    assert [pool.count.item() for pool in training.state.values()] == [20, 20]


def test_accumulated_parts_equal_one_large_batch():
    large, parts = (module(game(pool_size=30), accumulate=a, batch_size=24 // a) for a in (1, 3))
    fit(large, Pairs(batch_size=24), 8)
    fit(parts, Pairs(batch_size=8, accumulate=3), 8)
    assert large.state["image_pool"].count == 30
    for (name, a), b in zip(large.state_dict().items(), parts.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-12, msg=lambda text, name=name: f"{name}: {text}")


def test_metrics_pictures_and_the_claim(networks):
    there, back = networks["generator"], networks["inverse"]
    counterparts = IMAGE.flip(0)
    known = {**BATCH, "counterpart": counterparts}
    metrics = game().metrics(networks, known, moment())
    expected = {
        "counterpart_error": there(SOURCE) - counterparts,
        "unchanged_error": SOURCE - counterparts,
        "cycle_error": back(there(SOURCE)) - SOURCE,
        "inverse_cycle_error": there(back(IMAGE)) - IMAGE,
    }
    assert metrics.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(metrics[name], value.abs().mean((1, 2, 3)) / 2)
    (rows,) = game().pictures(networks, known, moment()).values()
    assert rows.shape == (4, 6, 1, 2, 2)
    for row, value in zip(rows, (SOURCE, there(SOURCE), back(there(SOURCE)), counterparts), strict=True):
        torch.testing.assert_close(row, value)
    claim = game().labeled_samples(networks, BATCH, moment())["label_preservation"]
    torch.testing.assert_close(claim.images, there(SOURCE))
    assert torch.equal(claim.classes, BATCH["label"])
    assert claim.named


def test_without_counterparts_and_labels_only_what_is_known_is_measured(networks):
    batch = {"image": IMAGE, "source": SOURCE}
    assert game().metrics(networks, batch, moment()).keys() == {"cycle_error", "inverse_cycle_error"}
    (rows,) = game().pictures(networks, batch, moment()).values()
    assert rows.shape == (3, 6, 1, 2, 2)
    assert game().labeled_samples(networks, batch, moment()) == {}


def test_points_are_refused():
    with pytest.raises(ValueError, match="plays with images, and the data delivers points"):
        CycleGAN(AdversarialObjective(LeastSquares()), DataSizes(channels=0, image_size=None, classes=0))
