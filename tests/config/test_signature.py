"""Every composed config is valid, and the check that says so refuses what is not."""

import pytest
from hydra import compose, initialize_config_dir
from lightning.pytorch.loggers import WandbLogger
from torch import nn

from helpers import REPOSITORY
from refused import REFUSED
from saddle.config.compose import plain_config
from saddle.config.signature import check_parameters
from saddle.error import InputError
from saddle.factory.instantiate import make
from saddle.factory.run import build, check_config

CONF = REPOSITORY / "conf"
GROUPS = {
    folder.name: sorted(file.stem for file in folder.glob("*.yaml")) for folder in CONF.iterdir() if folder.is_dir()
}
FURTHER = {  # networks that some game adds: groups inside the group architecture
    folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
    for folder in (CONF / "architecture").iterdir()
    if folder.is_dir()
}
NEEDED = {  # what has no default, and what goes together
    "data=image_folder": [f"data.root='{REPOSITORY / 'docs'}'", "data.batch_size=1"],
    "loss=wasserstein": ["penalty=gradient_penalty"],
    "augmentation=ada": ["loss=non_saturating"],
    "architecture=points": ["data=ring"],
    "architecture=resnet": ["game=cyclegan", "data=mnist_pair"],
    "game=cyclegan": ["data=mnist_pair", "architecture=resnet"],
    "classifier=head": ["architecture.classifier.features=8", "+architecture.classifier.outputs=10"],
    "recognition=head": ["architecture.recognition.features=8", "+architecture.recognition.outputs=14"],
    **{choice: ["architecture=points"] for choice in ("data=ring", "data=grid", "data=swiss_roll")},
}
ON_THIS_MACHINE = {"trainer": ["default", "cpu"]}  # a Trainer with GPUs cannot be built without them


def config(*overrides: str) -> dict:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return plain_config(compose("train", ["folder=run", *overrides]))


@pytest.mark.parametrize("choice", [f"{group}={option}" for group, options in GROUPS.items() for option in options])
def test_every_file_of_every_group_is_valid(choice):
    check_config(config(choice, *NEEDED.get(choice, [])))


@pytest.mark.parametrize(
    "choice", [f"{g}={o}" for g, options in GROUPS.items() for o in ON_THIS_MACHINE.get(g, options)]
)
def test_every_file_of_every_group_builds(choice):
    build(config(choice, *NEEDED.get(choice, [])))


@pytest.mark.parametrize("choice", [f"{name}={option}" for name, options in FURTHER.items() for option in options])
def test_every_file_of_a_network_that_a_game_adds_is_valid_and_builds(choice):
    chosen = config(f"+architecture/{choice}", *NEEDED.get(choice, []))
    check_config(chosen)
    name = choice.split("=")[0]
    assert isinstance(make(f"architecture.{name}", chosen["architecture"][name]), nn.Module)


def test_a_setting_of_a_network_that_a_game_adds_is_refused_by_name():
    encoder = ["+architecture/encoder=mlp", "architecture.encoder.hidden=[8,0]"]
    with pytest.raises(InputError, match=r"^architecture\.encoder\.hidden=\[8, 0\]: entry 2 should be greater than"):
        check_config(config(*encoder))
    with pytest.raises(InputError, match=r"^architecture\.encoder\.widths: there is no such setting"):
        check_config(config("+architecture/encoder=mlp", "+architecture.encoder.widths=[8]"))
    with pytest.raises(InputError, match=r"^architecture\.encoder\.image_size=9 contradicts data\.image_size=28"):
        check_config(config("+architecture/encoder=mlp", "architecture.encoder.image_size=9"))
    with pytest.raises(InputError, match=r"^architecture\.encoder\.latent_dim=9 contradicts architecture\.generator"):
        check_config(config("+architecture/encoder=mlp", "architecture.encoder.latent_dim=9"))
    check_config(config("+architecture/encoder=mlp", "architecture.generator.latent_dim=9"))


@pytest.mark.parametrize(("override", "message"), REFUSED.items())
def test_bad_settings_are_refused_by_name(override, message):
    accelerator = [] if "trainer.accelerator" in override else ["trainer.accelerator=cpu"]
    accelerator += ["architecture=dcgan"] * ("widths" in override)
    with pytest.raises(InputError) as caught:
        build(config(*accelerator, override))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_a_class_whose_annotations_cannot_be_evaluated_is_no_reason_to_stop():
    with pytest.raises(
        InputError, match=r"^logger\.wandb\.projec: there is no such setting; did you mean .*project\?$"
    ):
        check_parameters("logger.wandb", {"projec": "x"}, WandbLogger)


def test_what_a_constructor_says_of_its_own_settings_is_named_once():
    with pytest.raises(InputError, match="^data.classes=10, but data.split=letters has 26: use data.classes=26$"):
        build(config("data=emnist", "data.split=letters", "data.classes=10"))


def test_unsound_combinations_are_refused_with_the_reason():
    with pytest.raises(InputError, match="penalty=r1 with architecture.discriminator.normalization=batch"):
        build(config("penalty=r1", "architecture.discriminator.normalization=batch"))
    build(config("penalty=r1", "penalty.r1.weight=0", "architecture.discriminator.normalization=batch"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["architecture.discriminator.condition=concatenation"],
            "condition=concatenation is read by networks that are",
        ),
        (
            ["architecture.generator.label_dim=8"],
            "architecture.generator.label_dim=8 is read by networks that are told",
        ),
        (["penalty=weight_clipping", "architecture.discriminator.attention=7"], "make all places attend alike"),
        (["loss=hinge", "penalty=weight_clipping"], "clipped weights keep the logits inside the margin"),
        (["loss=relativistic", "architecture.discriminator.head_bias=true"], "that bias would never learn"),
        (["augmentation=ada", "loss=wasserstein"], "augmentation=ada steers by the sign of D's logits"),
        (["augmentation=diffaugment", "augmentation.diffaugment.colour=true"], "augmentation.diffaugment.colour=true"),
        (["data=ring", "architecture=points", "augmentation=ada"], "augmentation=ada changes images"),
        (
            ["penalty=weight_clipping", "architecture.discriminator.normalization=spectral"],
            "the norm divides out what clipping does",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_refused(overrides, message):
    with pytest.raises(InputError, match=message):
        build(config(*overrides))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["penalty=r1"], None),
        (["loss=relativistic", "penalty=[r1,r2]"], None),
        (["loss=relativistic", "penalty=none"], "need not converge"),
        (["loss=relativistic", "penalty=[r1,r2]", "penalty.r2.every_iterations=8"], "penalty.r2.every_iterations=8"),
        (
            ["loss=relativistic_average", "penalty=none", "architecture.discriminator.normalization=batch"],
            "batch norm in the discriminator mixes images",
        ),
    ],
)
def test_doubtful_parts_are_warned_of(overrides, message):
    warnings = build(config(*overrides)).warnings
    assert len(warnings) == (message is not None)
    assert message is None or message in warnings[0]
