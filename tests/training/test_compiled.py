"""The compiled executor against the reference, in float64. Most tests play what was traced without compiling it."""

import time
from functools import partial
from math import lcm

import pytest
import torch
from pairs import DCGAN, LIGHT, QUIET, R3GAN, SNGAN
from pairs import GAMES as WHOLE

from helpers import Points, differences, fit, small_module
from saddle.augmentation.ada import ADA
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.run import build
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.turn import Game, Played, Turn
from saddle.loss.hinge import Hinge
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.wasserstein import Wasserstein
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.lecam import LeCam
from saddle.penalty.r1 import R1
from saddle.penalty.weight_clipping import WeightClipping
from saddle.schedule import Schedule
from saddle.training.compiled import Compiled, period, segments
from saddle.training.eager import Eager
from saddle.training.ema import EMA

traced = partial(Compiled, compiler=lambda graph: graph)


def played(executor, make_game, steps: int = 12, checkpoint=None, **changes):
    game = make_game()
    adam = partial(torch.optim.Adam, lr=0.01, betas=(0.5, 0.9), fused=True)
    optimizers = dict.fromkeys([turn.name for turn in game.turns()], adam)
    settings = {"optimizers": optimizers, "make_executor": executor, "ema": EMA(half_life_images=30)}
    module = small_module(game, **{**settings, **changes}).double()  # or a checkpoint would pass through float32
    return module, fit(module, Points(), steps, ckpt_path=checkpoint, log_every_n_steps=1)


def check_equal(one, other) -> None:
    mine, theirs = ({n: v for n, v in m.state_dict().items() if torch.is_tensor(v)} for m in (one, other))
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-9, atol=1e-12, msg=name)
    for turn in one.turns:
        states = [m.wrapped[turn.name].optimizer.state_dict()["state"] for m in (one, other)]
        torch.testing.assert_close(*states, rtol=1e-9, atol=1e-12)
        for kind in ("terms", "observed"):
            shown = [getattr(m.played[turn.name], kind) for m in (one, other)]
            torch.testing.assert_close(*shown, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(one.gradient_norms, other.gradient_norms, rtol=1e-9, atol=1e-12)
    assert one.clock == other.clock
    assert one.ema.get_extra_state() == other.ema.get_extra_state()


GAMES = {
    "plain": lambda: Adversarial(AdversarialObjective(NonSaturating())),
    "n_critic": lambda: Adversarial(AdversarialObjective(NonSaturating()), n_critic=3),
    "lazy penalties": lambda: Adversarial(
        AdversarialObjective(
            NonSaturating(), {"r1": R1(weight=0.3, every_iterations=2), "gp": GradientPenalty(weight=1.0)}
        ),
        n_critic=2,
    ),
    "a weight on a schedule": lambda: Adversarial(
        AdversarialObjective(
            NonSaturating(), {"r1": R1(weight=0.3, schedule=Schedule("linear", horizon_images=80, final=0.1))}
        )
    ),
    "weights held after each step": lambda: Adversarial(
        AdversarialObjective(Wasserstein(), {"clip": WeightClipping(0.05)})
    ),
    "state": lambda: Adversarial(AdversarialObjective(Hinge(), {"lecam": LeCam(weight=0.1)})),
}


@pytest.mark.parametrize("name", GAMES)
def test_what_is_traced_plays_as_the_reference(name):
    one, _ = played(Eager, GAMES[name])
    other, trainer = played(traced, GAMES[name])
    check_equal(one, other)
    assert trainer.global_step == 12


CONFIGS = {
    "two turns that train one network": WHOLE["adversarial_autoencoder"],
    "three turns": WHOLE["vae_gan"],
    "a decay of weights": [*WHOLE["adversarial"], "optimizer=adamw", "optimizer.weight_decay=0.1"],
    "batch statistics": [
        *("data=digits", "penalty=none", "loss=non_saturating", *DCGAN),
        *(f"architecture.{name}.normalization=batch" for name in ("generator", "discriminator")),
    ],
    "labels that D tells apart": [
        *("data=digits", "architecture.conditional=true", "game.label_weight=0.5", *DCGAN),
    ],
    "frozen layers": [
        *("data=digits", *DCGAN, "training.freeze=2", "penalty=[r1,orthogonal]", "optimizer=adamw"),
        *("optimizer.weight_decay=0.1", "training.clip_norm.discriminator=0.5"),
    ],
    "R3GAN's networks": ["data=digits", *R3GAN],
    "SNGAN's networks": ["data=digits", "loss=hinge", "penalty=none", *SNGAN],
    "FastGAN's networks and decoders": ["data=digits", "penalty=[r1,reconstruction]", *LIGHT],
    "spectral norms": [
        *("data=digits", *DCGAN),
        *(f"architecture.{name}.normalization=spectral" for name in ("generator", "discriminator")),
    ],
}


def trained_as(overrides: list[str], executor) -> tuple[dict, dict]:
    """The weights of a whole config before and after five iterations in float64."""
    always = ["trainer=cpu", "trainer.precision=64-true", "trainer.max_steps=5", "data.batch_size=8", *QUIET]
    built = build(compose([*overrides, *always]))
    begun = {key: value.clone() for key, value in built.module.state_dict().items() if torch.is_tensor(value)}
    built.module.make_executor = executor
    built.trainer.fit(built.module, datamodule=built.data_module)
    return begun, {key: built.module.state_dict()[key] for key in begun}


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_a_whole_config_is_traced_as_the_reference(name):
    """With `training=fast`, and so with the channels of its convolutions last."""
    begun, plain = trained_as(CONFIGS[name], Eager)
    _, fast = trained_as([*CONFIGS[name], "training=fast"], traced)
    assert any((plain[key] - begun[key]).abs().max() > 1e-4 for key in begun if begun[key].numel())
    torch.testing.assert_close(plain, fast, rtol=1e-8, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CONFIGS if "networks" in name or name == "batch statistics"])
def test_convolutions_with_their_channels_last_are_compiled_as_the_reference(name):
    _, plain = trained_as(CONFIGS[name], Eager)
    _, fast = trained_as([*CONFIGS[name], "training=fast"], Compiled)
    torch.testing.assert_close(plain, fast, rtol=1e-8, atol=1e-10)


def test_rates_clipping_and_decays_follow_their_schedules():
    changes = {
        "schedules": {"discriminator": Schedule("linear", horizon_images=80), "generator": Schedule(warmup_images=40)},
        "beta2_schedules": {"discriminator": Schedule("linear", horizon_images=200, final=0.2), "generator": None},
        "clip_norm": {"discriminator": 0.3, "generator": None},
    }
    one, _ = played(Eager, GAMES["plain"], **changes)
    other, _ = played(traced, GAMES["plain"], **changes)
    check_equal(one, other)
    assert one.gradient_norms["discriminator"] > 0.3


def test_adas_strength_moves_between_the_turns_of_an_iteration():
    def game():
        augmentations = {"ada": ADA(speed_images=50, every_iterations=1, target=0.0)}
        return Adversarial(AdversarialObjective(Hinge(), augmentations=augmentations))

    one, _ = played(Eager, game, steps=6)
    other, _ = played(traced, game, steps=6)
    check_equal(one, other)
    assert one.state["ada"].p > 0.1


def test_what_is_compiled_plays_as_the_reference():
    one, _ = played(Eager, GAMES["a weight on a schedule"])
    other, _ = played(Compiled, GAMES["a weight on a schedule"])
    check_equal(one, other)
    assert len(other.executor.programs) == 1


def test_one_graph_serves_all_iterations_that_come_to_the_same():
    module, _ = played(traced, GAMES["n_critic"])
    assert len(module.executor.programs) == 3
    assert len(module.executor._compiled) == 2


def test_a_run_that_goes_on_ends_where_it_would_have_ended(tmp_path):
    whole, _ = played(traced, GAMES["plain"])
    _, trainer = played(traced, GAMES["plain"], steps=5)
    trainer.save_checkpoint(tmp_path / "half.ckpt")
    resumed, _ = played(traced, GAMES["plain"], checkpoint=tmp_path / "half.ckpt")
    assert not differences(whole.state_dict(), resumed.state_dict())


def test_code_that_branches_on_values_is_refused():
    class Branching(NonSaturating):
        def generator(self, fake, real=None):
            return super().generator(fake if fake.sum() > 0 else -fake)

    with pytest.raises(InputError, match="training.executor=eager"):
        played(traced, lambda: Adversarial(AdversarialObjective(Branching())), steps=1)


def turn(name: str, **changes) -> Turn:
    return Turn(name, (name,), lambda *_: None, **changes)


def test_a_graph_ends_where_state_or_constraints_come_in_between():
    turns = [turn("a"), turn("b", after=print), turn("c"), turn("d", constraints=(WeightClipping(1.0),))]
    assert [[t.name for t in part] for part in segments(turns)] == [["a", "b"], ["c", "d"]]


def test_iterations_repeat_after_all_that_is_lazy():
    game = Adversarial(AdversarialObjective(NonSaturating(), {"r1": R1(weight=1.0, every_iterations=4)}), n_critic=6)
    assert period(game) % lcm(6, 4) == 0


class EveryThird(Game):
    """Somebody's own game: G copies images, and three times as eagerly in every third iteration."""

    needs = ("generator",)

    def turns(self):
        return (Turn("generator", ("generator",), self.loss),)

    def loss(self, networks, batch, moment):
        images = networks["generator"](moment.noise("latent", (len(batch["image"]), 3)))
        factor = 3.0 if moment.iteration % 3 == 2 else 1.0
        return Played({"distance": factor * (images - batch["image"]).square().mean()})


def with_period(iterations: int) -> type[EveryThird]:
    return type("Stating", (EveryThird,), {"period": lambda self: iterations})


def test_a_game_that_states_no_period_is_refused_in_a_sentence():
    with pytest.raises(InputError) as refused:
        played(traced, EveryThird, steps=1)
    assert "EveryThird states no period(): use training.executor=eager" in str(refused.value)
    assert "\n" not in str(refused.value)
    played(Eager, EveryThird, steps=1)


@pytest.mark.parametrize("iterations", [3, 6])
def test_a_game_of_any_rhythm_is_traced_as_the_reference_if_it_states_it(iterations):
    one, _ = played(Eager, EveryThird)
    other, _ = played(traced, with_period(iterations))
    check_equal(one, other)


def test_a_wrong_period_would_be_seen():
    one, _ = played(Eager, EveryThird)
    other, _ = played(traced, with_period(1))
    assert (one.generator.linear.weight - other.generator.linear.weight).abs().max() > 1e-4


def test_seconds_of_tracing_and_compiling_are_not_counted():
    def slowly(graph):
        begun = time.process_time()
        while time.process_time() < begun + 0.5:
            pass
        return graph

    module, _ = played(partial(Compiled, compiler=slowly), GAMES["plain"])
    assert 0 < module.clock.cpu_seconds < 0.4
