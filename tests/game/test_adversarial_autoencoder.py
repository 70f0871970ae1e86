import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from encoders import SmallEncoder
from helpers import Points, SmallGenerator, fit, small_module
from saddle.augmentation.diffaugment import DiffAugment
from saddle.game.adversarial_autoencoder import AdversarialAutoencoder
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.encoding import distance_between
from saddle.game.turn import Moment
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2
from saddle.penalty.weight_clipping import WeightClipping

PRIOR = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
NOISE = torch.randn(6, 3, generator=torch.Generator().manual_seed(4))
SHARES = torch.linspace(0.1, 0.9, 6)
REAL = torch.randn(6, 1, 2, 2, generator=torch.Generator().manual_seed(3))
BATCH = {"image": REAL}


def moment() -> Moment:
    noise = {"prior": PRIOR, "posterior": NOISE}
    return Moment(0, 0, lambda purpose, shape: noise[purpose], lambda purpose, shape: SHARES)


class OfCodes(nn.Module):
    """Codes to logits w.c + (w.c)^2, so that input gradients vary."""

    classes = 0

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1, bias=False)

    def forward(self, codes):
        logits = self.linear(codes).squeeze(1)
        return logits + logits.square()


@pytest.fixture(params=[False, True], ids=["deterministic", "gaussian"])
def networks(request):
    torch.manual_seed(5)
    return {"generator": SmallGenerator(), "encoder": SmallEncoder(request.param), "code_discriminator": OfCodes()}


def codes_of(networks):
    codes = networks["encoder"](REAL)
    if not networks["encoder"].gaussian:
        return codes
    mean, log_variance = codes.chunk(2, 1)
    return mean + (log_variance / 2).exp() * NOISE


def gradients(terms, *networks):
    parameters = [p for network in networks for p in network.parameters()]
    return torch.autograd.grad(sum(terms.values()), parameters, retain_graph=True)


def same(found, expected, *networks):
    """Terms, and their gradients to the networks."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6)
    for slopes in zip(gradients(found, *networks), gradients(expected, *networks), strict=True):
        torch.testing.assert_close(*slopes)


def test_encoder_and_generator_minimize_the_squared_error_per_pixel(networks):
    game = AdversarialAutoencoder(AdversarialObjective(Minimax()), weights={"reconstruction": 3.0, "adversarial": 1.0})
    made = networks["generator"](codes_of(networks))
    expected = {"reconstruction": 3 * (REAL - made).square().mean() / 4}  # from black to white is 1
    played = game.reconstruction_loss(networks, BATCH, moment())
    same(played.terms, expected, networks["encoder"], networks["generator"])


def test_d_takes_draws_of_the_prior_for_real_and_codes_for_fake(networks):
    judge, codes = networks["code_discriminator"], codes_of(networks).detach()

    def slope(points):
        return judge.linear.weight * (1 + 2 * judge.linear(points))

    between = SHARES.view(-1, 1) * PRIOR + (1 - SHARES.view(-1, 1)) * codes
    expected = {
        "adversarial": (softplus(-judge(PRIOR)) + softplus(judge(codes))).mean(),
        "r1": 0.5 * slope(PRIOR).square().sum(1).mean(),
        "r2": 0.3 * slope(codes).square().sum(1).mean(),
        "gp": 10 * (slope(between).norm(dim=1) - 1).square().mean(),
    }
    penalties = {"r1": R1(0.5), "r2": R2(0.3), "gp": GradientPenalty(10.0)}
    played = AdversarialAutoencoder(AdversarialObjective(Minimax(), penalties)).discriminator_loss(
        networks, BATCH, moment()
    )
    same(played.terms, expected, judge)
    torch.testing.assert_close(played.observed["prior"], judge(PRIOR))
    torch.testing.assert_close(played.observed["codes"], judge(codes))
    bare = AdversarialAutoencoder(AdversarialObjective(Minimax())).discriminator_loss(
        networks, BATCH, moment()
    )  # R2 would detach codes
    sum(bare.terms.values()).backward()
    assert all(p.grad is None for p in networks["encoder"].parameters())


@pytest.mark.parametrize("loss", [NonSaturating(), Relativistic()], ids=["non-saturating", "relativistic"])
def test_the_encoder_denies_that_its_codes_are_codes(networks, loss):
    judge = networks["code_discriminator"]
    real = judge(PRIOR).detach() if loss.relative else 0
    expected = {"adversarial": 0.7 * softplus(real - judge(codes_of(networks))).mean()}
    game = AdversarialAutoencoder(AdversarialObjective(loss), weights={"reconstruction": 1.0, "adversarial": 0.7})
    played = game.encoder_loss(networks, BATCH, moment())
    same(played.terms, expected, networks["encoder"])


def changed(networks, alone, **settings):
    """Which networks change in three iterations in which only the optimizer of turn `alone` makes steps."""
    game = AdversarialAutoencoder(AdversarialObjective(NonSaturating(), {"r1": R1(1.0)}), **settings)
    still = {turn.name: lambda p: torch.optim.SGD(p, lr=0.0) for turn in game.turns()}
    optimizers = {**still, alone: lambda p: torch.optim.SGD(p, lr=0.1)}
    module = small_module(game, networks=networks, optimizers=optimizers)
    before = {name: [p.clone().double() for p in n.parameters()] for name, n in module.networks.items()}
    fit(module, Points(), 3)
    assert module.clock.updates == {"generator": 3, "discriminator": 3, "encoder": 3}
    assert [turn.name for turn in module.turns] == ["generator", "discriminator", "encoder"]
    moved = {
        n: [not torch.equal(p, b) for p, b in zip(module.networks[n].parameters(), before[n], strict=True)]
        for n in before
    }
    assert all(len(set(values)) == 1 for values in moved.values())  # all of a network, or nothing
    return {name for name, values in moved.items() if all(values)}


def test_each_turn_changes_its_own_networks_and_none_else(networks):
    assert changed(networks, "generator") == {"encoder", "generator"}
    assert changed(networks, "discriminator") == {"code_discriminator"}
    assert changed(networks, "encoder") == {"encoder"}


def test_a_weight_of_0_takes_a_phase_out(networks):
    assert changed(networks, "encoder", weights={"reconstruction": 1.0, "adversarial": 0.0}) == set()
    assert changed(networks, "generator", weights={"reconstruction": 0.0, "adversarial": 1.0}) == set()


def test_what_turns_train_and_that_constraints_hold_for_d_alone():
    clip = WeightClipping(limit=0.1)
    turns = AdversarialAutoencoder(AdversarialObjective(Minimax(), {"clip": clip})).turns()
    assert [turn.constraints for turn in turns] == [(), (clip,), ()]
    assert [turn.trains for turn in turns] == [("encoder", "generator"), ("code_discriminator",), ("encoder",)]


def test_metrics_tell_how_far_codes_are_from_the_prior(networks):
    game, codes = AdversarialAutoencoder(AdversarialObjective(Minimax())), codes_of(networks)
    encoder, generator = networks["encoder"], networks["generator"]
    means = encoder(REAL)[:, :3]
    error = (REAL - generator(means)).square().flatten(1).mean(1) / 4
    metrics = game.metrics(networks, BATCH, moment())
    torch.testing.assert_close(metrics["reconstruction_error"], error)
    torch.testing.assert_close(metrics["code_square"], codes.square().mean(1))
    pairs = {"cross": (codes, PRIOR), "codes": (codes, codes), "prior": (PRIOR, PRIOR)}
    apart = {name: (a[:, None] - b[None]).square().sum(2).sqrt() for name, (a, b) in pairs.items()}
    distance = 2 * apart["cross"].mean() - (apart["codes"].sum() + apart["prior"].sum()) / 30
    torch.testing.assert_close(metrics["code_distance"].mean(), distance)
    shown = game.pictures(networks, BATCH, moment())["reconstructions"]
    torch.testing.assert_close(shown, torch.stack([REAL, generator(means)]))


def test_the_distance_is_0_for_one_distribution_and_known_for_two():
    numbers = torch.randn(3, 2000, 1, generator=torch.Generator().manual_seed(1))
    spread = distance_between(numbers[0], numbers[1]).mean().item()
    assert abs(spread) < 0.005
    # E|x - y| of normal numbers with difference N(m, s^2), m = 2, s^2 = 2, and 2/sqrt(pi) within each
    shift, deviation = torch.tensor(2.0), torch.tensor(2.0).sqrt()
    ratio = shift / deviation
    folded = deviation * (2 / torch.pi) ** 0.5 * (-(ratio**2) / 2).exp() + shift * torch.erf(ratio / 2**0.5)
    expected = 2 * folded.item() - 4 / torch.pi**0.5
    assert distance_between(numbers[0], numbers[2] + 2).mean().item() == pytest.approx(expected, rel=0.05)
    assert distance_between(numbers[0, :1], numbers[1, :1]).isfinite().all()  # the last part of the held-out images


def test_a_conditional_generator_is_told_the_labels(networks):
    class Told(SmallGenerator):
        classes = 10

        def forward(self, latent, labels):
            return super().forward(latent) * (labels + 1).view(-1, 1, 1, 1)

    labels = torch.tensor([0, 3, 1, 1, 2, 5])
    told = {**networks, "generator": Told()}
    told["generator"].load_state_dict(networks["generator"].state_dict())
    made = networks["generator"](codes_of(networks)) * (labels + 1).view(-1, 1, 1, 1)
    played = AdversarialAutoencoder(AdversarialObjective(Minimax())).reconstruction_loss(
        told, {**BATCH, "label": labels}, moment()
    )
    torch.testing.assert_close(played.terms["reconstruction"], (REAL - made).square().mean() / 4)


def test_the_terms_have_these_names():
    with pytest.raises(ValueError, match="weights.adversarial is missing"):
        AdversarialAutoencoder(AdversarialObjective(Minimax()), weights={"reconstruction": 1.0})
    with pytest.raises(ValueError, match="weights.kl: there is no such term"):
        AdversarialAutoencoder(
            AdversarialObjective(Minimax()), weights={"reconstruction": 1.0, "adversarial": 1.0, "kl": 1.0}
        )


def test_augmentations_are_refused_for_it_sees_no_images_in_its_discriminator():
    with pytest.raises(ValueError, match="sees codes and no images: use augmentation=none"):
        AdversarialAutoencoder(AdversarialObjective(Minimax(), augmentations={"diffaugment": DiffAugment()}))
