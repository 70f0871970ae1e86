"""What newcomers type is met by the setting that they meant, wherever in the config it is."""

import pytest

from refused import REFUSED
from saddle.config.command_line import CommandLine
from saddle.config.compose import compose
from saddle.error import InputError


def sentence(*overrides: str) -> str:
    with pytest.raises(InputError) as refused:
        compose(["data=digits", *overrides])
    return str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "guess"),
    [
        ("lr=0.1", "optimizer.lr"),
        ("batch_size=64", "data.batch_size"),
        ("model=dcgan", "architecture=dcgan"),
        ("epochs=3", "trainer.max_epochs"),
        ("device=cpu", "trainer.accelerator"),
        ("z_dim=64", "architecture.generator.latent_dim"),
        ("generator.latent_dim=64", "architecture.generator.latent_dim"),
        ("dataset=MNIST", "data=mnist"),
        ("model=vae", "experiment=vae"),
        ("ada=true", "augmentation=ada"),
        ("trainer.lr=1", "optimizer.lr"),
        ("data.num_channels=1", "data.channels"),
        ("learnig_rate=1", "optimizer.lr"),
        ("loss=r1", "penalty=r1"),
        ("loss=wgan-gp", "loss=wasserstein penalty=gradient_penalty"),
        ("optimizer=AdamW", "optimizer=adamw"),
        ("+lr=0.1", "optimizer.lr"),
        ("momentum=0.9", "optimizer.momentum (of optimizer=rmsprop or sgd)"),
        ("wandb.project=x", "logger=wandb"),
        ("model.name=dcgan", "architecture=dcgan"),
        ("optimizer.name=adam", "optimizer=adam"),
        ("dataset.name=celeba", "data=image_folder data.root=FOLDER"),
        ("data.path=x", "data.root (of data=emnist"),
        ("run.name=x", "folder"),
        ("scheduler.name=cosine", "training.schedule"),
        ("train.epochs=3", "trainer.max_epochs"),
        ("train.lr=1", "optimizer.lr"),
        ("optimzer.lr=1", "optimizer"),
        ("data.size=64", "data.image_size"),
        ("num_layers=4", "architecture.generator.widths"),
        ("architecture.generator.num_layers=4", "architecture.generator.widths"),
        ("model.generator=mlp", "architecture.generator?"),
        ("LOSS=hinge", "loss=hinge"),
        ("optimizer.LR=1", "optimizer.lr"),
        ("optimizer/lr=1", "optimizer.lr"),
        ("optimizer-lr=1", "optimizer.lr"),
        ("gpus=0,1", "trainer.devices"),
        ("metric=fid", "metric=frechet"),
        ("kid=true", "metric=kernel"),
        ("data=/photos", "data=image_folder data.root=/photos"),
        ("data=digits/", "data=digits"),
        ("patience=3", "+callback.early._target_=lightning.pytorch.callbacks.EarlyStopping"),
        ("pretrained=run", "init"),
        ("freeze_d=2", "training.freeze"),
        ("wandb=true", "logger=wandb"),
    ],
)
def test_a_name_of_another_project_is_met_by_ours(override, guess):
    said = sentence(override)
    assert f"did you mean {guess}" in said
    assert said.startswith((override.partition("=")[0].lstrip("+"), "optimzer: "))


def test_a_guess_never_names_the_setting_itself():
    for override in ("+data.shuffle=true", "+unknown.key=1", "+loss.margin=1"):
        assert override in REFUSED
        assert "did you mean" not in sentence(override)


@pytest.mark.parametrize(
    "overrides",
    [
        ("architecture.recognition.features=3", "game=infogan"),
        ("architecture.encoder=mlp",),
        ("callback.samples.n=3",),
        ("logging.dir=x",),
        ("architecture=unet",),
        ("penalty=nothing",),
    ],
)
def test_where_nothing_is_alike_the_known_ones_are_listed(overrides):
    said = sentence(*overrides)
    assert "did you mean" not in said
    assert "known here: " in said or "choose one of " in said


def test_a_setting_of_another_option_is_named_with_the_option():
    assert sentence("optimizer.momentum=0.9").endswith("optimizer=rmsprop or sgd has it")
    assert sentence("penalty.lecam.weight=1").endswith("penalty=lecam has it")


def test_what_nothing_here_stands_for_is_said():
    assert "the data stays in memory" in sentence("num_workers=4")
    assert "each pass over the data has an order of its own" in sentence("data.shuffle=true")
    assert "saddle evaluate RUN" in sentence("test=true")


@pytest.mark.parametrize(
    ("flag", "meant"),
    [("--lr", "optimizer.lr"), ("--batch-size", "data.batch_size"), ("--seed", "seed"), ("--loss", "loss")],
)
def test_a_setting_with_dashes_is_shown_without(flag, meant):
    with pytest.raises(InputError, match=rf"settings are written without dashes, as {meant}=VALUE"):
        CommandLine.parse([flag, "1"])
