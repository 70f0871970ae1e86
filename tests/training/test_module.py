import re
from typing import Any

import pytest
import torch
from lightning import Callback
from pairs import QUIET

from helpers import REPOSITORY, Points, differences, fit, small_module
from saddle.config.compose import compose
from saddle.factory.run import build
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.wasserstein import Wasserstein
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.weight_clipping import WeightClipping
from saddle.schedule import Schedule
from saddle.training.ema import EMA


def loop_of_the_docs(n_critic: int) -> tuple[dict[str, Any], list[str]]:
    """The names that the plain loop of docs/games.md leaves behind, and the overrides of the command below it."""
    page = (REPOSITORY / "docs" / "games.md").read_text(encoding="utf-8")
    section = page.split("## The loop, in plain torch\n")[1].split("\n## ")[0]
    loop, command = (re.search(rf"```{kind}\n(.*?)```", section, re.DOTALL)[1] for kind in ("python", "sh"))
    assert loop.count("n_critic, rows = 20, 2, 32\n") == command.count("game.n_critic=2 ") == 1
    names: dict[str, Any] = {}
    exec(compile(loop.replace("= 20, 2, 32\n", f"= 20, {n_critic}, 32\n"), "docs/games.md", "exec"), names)
    command = command.replace("\\\n", "")
    return names, command.replace("game.n_critic=2 ", f"game.n_critic={n_critic} ").split()[2:]


@pytest.mark.parametrize("n_critic", [1, 2, 3])
def test_twenty_iterations_equal_the_plain_loop_of_the_docs(n_critic):
    loop, overrides = loop_of_the_docs(n_critic)
    built = build(compose([*overrides, *QUIET]))
    module = built.module
    before = {name: value.clone() for name, value in module.named_parameters()}
    built.trainer.fit(module, datamodule=built.data_module)
    for name in ("generator", "discriminator"):
        for key, value in loop[name].named_parameters():
            assert torch.equal(value, dict(module.named_parameters())[f"{name}.{key}"])
            assert not torch.equal(value, before[f"{name}.{key}"])


@pytest.mark.parametrize("n_critic", [1, 2, 5])
def test_one_iteration_is_counted_once_and_updates_per_turn(n_critic):
    module = small_module(Adversarial(AdversarialObjective(NonSaturating()), n_critic=n_critic))
    trainer = fit(module, Points(), 20)
    assert trainer.global_step == module.clock.iteration == 20
    assert module.clock.images == 160
    assert dict(module.clock.updates) == {"discriminator": 20, "generator": 20 // n_critic}


def test_accumulated_parts_equal_one_large_batch():
    penalties = {"gp": GradientPenalty(weight=1.0)}
    large = small_module(Adversarial(AdversarialObjective(NonSaturating(), penalties)), batch_size=24)
    fit(large, Points(batch_size=24), 6)
    parts = small_module(Adversarial(AdversarialObjective(NonSaturating(), penalties)), accumulate=3, batch_size=8)
    fit(parts, Points(batch_size=8, accumulate=3), 6)
    for a, b in zip(large.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)
    assert parts.clock.images == large.clock.images == 144
    observed = parts.played["discriminator"].observed["real"]
    torch.testing.assert_close(observed, large.played["discriminator"].observed["real"])


def test_gradients_are_clipped_per_turn_to_the_norm_given():
    def steps(**changes):
        module = small_module(Adversarial(AdversarialObjective(NonSaturating())), **changes)
        before = {name: network.linear.weight.detach().clone().double() for name, network in module.networks.items()}
        biases = {name: network.linear.bias.detach().clone().double() for name, network in module.networks.items()}
        fit(module, Points(), 1, log_every_n_steps=1)
        moved = {}
        for name, network in module.networks.items():
            change = torch.cat([(network.linear.weight - before[name]).flatten(), network.linear.bias - biases[name]])
            moved[name] = change.norm().item() / 0.1
        return moved, {name: norm.item() for name, norm in module.gradient_norms.items()}

    free, norms = steps()
    assert free == pytest.approx(norms, rel=1e-6)
    clipped, norms_again = steps(clip_norm={"discriminator": free["discriminator"] / 10, "generator": None})
    assert clipped["discriminator"] == pytest.approx(free["discriminator"] / 10, rel=1e-4)
    assert norms_again["discriminator"] == pytest.approx(free["discriminator"], rel=1e-6)
    assert clipped["generator"] > 0


def test_learning_rates_follow_each_turns_schedule_in_images():
    seen = []

    class Watch(Callback):
        def on_train_batch_end(self, trainer, module, *_):
            seen.append([module.wrapped[turn.name].param_groups[0]["lr"] for turn in module.turns])

    schedules = {"discriminator": Schedule("linear", horizon_images=80), "generator": Schedule(warmup_images=40)}
    fit(small_module(Adversarial(AdversarialObjective(NonSaturating())), schedules=schedules), Points(), 10, [Watch()])
    expected = [[0.1 * (1 - n / 10), 0.1 * min(1, n / 5)] for n in range(1, 11)]
    torch.testing.assert_close(torch.tensor(seen), torch.tensor(expected))


def test_weight_constraints_hold_after_every_step():
    game = Adversarial(AdversarialObjective(Wasserstein(), {"clip": WeightClipping(limit=0.01)}))
    module = small_module(game)
    fit(module, Points(), 3)
    weights = torch.cat([p.flatten() for p in module.discriminator.parameters()])
    assert weights.abs().max() == 0.01
    assert module.generator.linear.weight.abs().max() > 0.01


def test_the_average_follows_the_generator_after_its_own_updates_only():
    module = small_module(Adversarial(AdversarialObjective(NonSaturating()), n_critic=2), ema=EMA(16, warmup=0))
    start = module.generator.linear.weight.detach().double().clone()
    fit(module, Points(), 1)
    assert torch.equal(module.ema.networks.generator.linear.weight, start)
    module = small_module(Adversarial(AdversarialObjective(NonSaturating()), n_critic=2), ema=EMA(16, warmup=0))
    fit(module, Points(), 2)
    expected = 0.5 * start + 0.5 * module.generator.linear.weight
    torch.testing.assert_close(module.ema.networks.generator.linear.weight, expected)


def test_sampler_is_the_average_or_a_copy_of_the_generator():
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())), ema=EMA())
    assert module.sampler() is module.ema.networks.generator
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    copied = module.sampler()
    assert copied is not module.generator
    assert differences(dict(copied.state_dict()), dict(module.generator.state_dict())) == []


def test_gradients_of_one_turn_do_not_reach_the_others_network():
    seen = {}

    class Watch(Callback):
        def on_before_optimizer_step(self, trainer, module, optimizer):
            grads = {name: network.linear.weight.grad for name, network in module.networks.items()}
            seen[module.executor.playing.name] = {n: None if g is None else g.clone() for n, g in grads.items()}

    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    fit(module, Points(), 1, [Watch()])
    assert seen["discriminator"]["generator"] is None
    assert torch.equal(seen["generator"]["discriminator"], seen["discriminator"]["discriminator"])


def test_default_generators_begin_each_iteration_anew():
    drawn = []

    class Draw(Callback):
        def on_before_optimizer_step(self, trainer, module, optimizer):
            drawn.append(torch.rand(1).item())

    for _ in range(2):
        torch.manual_seed(len(drawn))
        fit(small_module(Adversarial(AdversarialObjective(NonSaturating()))), Points(), 2, [Draw()])
    assert drawn[:4] == drawn[4:]
    assert len(set(drawn[:4])) == 4


def test_beta2_follows_its_schedule_over_images_and_the_other_turn_keeps_its_own():
    adam = dict.fromkeys(("discriminator", "generator"), lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.3, 0.9)))
    schedules = {"discriminator": Schedule("linear", horizon_images=80, final=0.1), "generator": None}
    module = small_module(
        Adversarial(AdversarialObjective(NonSaturating())), optimizers=adam, beta2_schedules=schedules
    )
    seen = []

    class Watch(Callback):
        def on_train_batch_end(self, trainer, module, *_):
            seen.append([optimizer.param_groups[0]["betas"] for optimizer in module.optimizers()])

    fit(module, Points(), 12, [Watch()])
    assert seen[0] == [(0.3, pytest.approx(1 - 0.1 * (1 - 0.9 * 0.1))), (0.3, 0.9)]  # after 8 of 80 images
    assert seen[4][0] == (0.3, pytest.approx(1 - 0.1 * 0.55))
    assert seen[11] == [(0.3, pytest.approx(0.99)), (0.3, 0.9)]
