"""What a config builds: networks, turns, trainers, folders."""

from pathlib import Path

import pytest

from saddle.config.compose import CheckedConfig, compose
from saddle.error import InputError
from saddle.factory.run import build
from saddle.run.lock import unique_folder


def config(*overrides: str) -> CheckedConfig:
    return compose(overrides)


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_labels_are_asked_for_in_one_place(architecture):
    chosen = (f"architecture={architecture}", "architecture.conditional=true", "data.classes=10")
    module = build(config(*chosen, "architecture.discriminator.condition=concatenation")).module
    assert {name: network.classes for name, network in module.networks.items()} == {
        "generator": 10,
        "discriminator": 10,
    }
    unconditional = build(config(f"architecture={architecture}")).module
    assert {network.classes for network in unconditional.networks.values()} == {0}


def test_points_have_no_labels_to_ask_for():
    with pytest.raises(InputError, match=r"architecture\.conditional=True needs labels, but data\.classes=0"):
        build(config("data=ring", "architecture=points", "architecture.conditional=true"))


def test_several_penalties_at_once():
    assert set(build(config("penalty=[r1,mean_matching]")).module.game.objective.penalties) == {"r1", "mean_matching"}


def test_turns_have_their_own_optimizers():
    module = build(
        config("optimizer.lr=0.25", "optimizer.generator.lr=0.5", "+optimizer.generator.amsgrad=true")
    ).module
    made = {name: module.make_optimizer[name]([next(module.parameters())]).defaults for name in module.make_optimizer}
    assert (made["discriminator"]["lr"], made["generator"]["lr"]) == (0.25, 0.5)
    assert (made["discriminator"]["amsgrad"], made["generator"]["amsgrad"]) == (False, True)
    assert made["discriminator"]["fused"] is True


def test_an_image_smaller_than_the_network_needs_is_refused():
    with pytest.raises(InputError, match="architecture.generator: image_size=2 is too small for 1 halving "):
        build(config("architecture=dcgan", "data.image_size=2"))


def test_packs_have_no_labels_and_latents_are_larger_than_their_code():
    packs = ["architecture.conditional=true", "architecture.discriminator.packing=2"]
    with pytest.raises(InputError, match="^architecture.discriminator: packing=2 joins images whose labels may differ"):
        build(config(*packs))
    with pytest.raises(InputError, match="^architecture.generator: latent_dim=64 holds no noise beside categories=60"):
        build(config("+architecture.generator.categories=60", "+architecture.generator.continuous=4"))


def test_a_batch_is_shared_evenly_by_the_devices():
    with pytest.raises(InputError, match="data.batch_size=63 must be a multiple of the 2 devices"):
        build(config("trainer=ddp_cpu", "data.batch_size=63"))


@pytest.mark.parametrize(("given", "used"), [("ddp", True), ("auto", False)])
def test_every_ddp_allows_for_unused_parameters(given, used):
    strategy = build(config("trainer=cpu", f"trainer.strategy={given}")).trainer.strategy
    assert getattr(strategy, "_ddp_kwargs", {}).get("find_unused_parameters", False) is used


def test_folders_are_never_shared(tmp_path):
    wanted = str(tmp_path / "day" / "10-00-00")
    assert [Path(unique_folder(wanted)).name for _ in range(3)] == ["10-00-00", "10-00-00-2", "10-00-00-3"]


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_what_an_experiment_gives_to_another_optimizer_is_refused_with_the_mend(optimizer):
    chosen = ("experiment=ring", f"optimizer={optimizer}")
    with pytest.raises(InputError, match=r"^optimizer\.betas: there is no such setting.* by ~optimizer\.betas$"):
        build(config(*chosen))
    build(config(*chosen, "~optimizer.betas"))


def test_schedules_of_betas_are_for_optimizers_that_have_them():
    chosen = "training.beta2_schedule.generator"
    module = build(config(f"{chosen}.shape=cosine", f"{chosen}.horizon_images=1000", f"{chosen}.final=0.1")).module
    assert module.beta2_schedules["discriminator"] is None
    assert module.beta2_schedules["generator"].factor(1000) == pytest.approx(0.1)
    with pytest.raises(InputError, match=rf"{chosen}: torch.optim.SGD has no betas: use adam"):
        build(config("optimizer=sgd", f"{chosen}.shape=linear", f"{chosen}.horizon_images=1000"))
    with pytest.raises(InputError, match=rf"{chosen}.final=0.0 would end with beta2=1"):
        build(config(f"{chosen}.shape=linear", f"{chosen}.horizon_images=1000"))
    with pytest.raises(InputError, match=rf"{chosen}.warmup_images=5 would begin with beta2=1"):
        build(config(f"{chosen}.warmup_images=5"))
    with pytest.raises(InputError, match="horizon_images=9 is not read by shape=constant"):
        build(config("experiment=none", "training.schedule.generator.horizon_images=9"))


def test_seconds_are_those_of_one_process():
    with pytest.raises(InputError, match=r"^training\.cpu_seconds "):
        build(compose(["training.cpu_seconds=5", "trainer=ddp_cpu"]))


def test_a_logger_whose_package_is_missing_is_refused(monkeypatch, tmp_path):
    def missing(*_, **__):
        raise ModuleNotFoundError("wandb")

    monkeypatch.setattr("saddle.logger.wandb.WandbLogger.__init__", missing)
    with pytest.raises(InputError, match=r"^logger\.wandb: .*\[wandb\]"):
        build(compose(["logger=wandb", f"folder={tmp_path}"]))
