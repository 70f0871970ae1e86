import pytest
from torch import nn

from helpers import train
from saddle.architecture.base import Discriminator
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.compatibility import check_packing
from saddle.factory.run import build
from saddle.game.turn import Game

REFUSED = (
    "architecture=resnet: its generator reads images of a source domain, and game=adversarial gives it a latent: "
    "use architecture=dcgan, light, mlp, r3gan or sngan"
)


@pytest.mark.parametrize("data", ["mnist_pair", "digits"])
def test_a_generator_without_a_latent_is_refused_where_the_game_gives_one(data):
    with pytest.raises(InputError) as caught:
        build(compose([f"data={data}", "architecture=resnet"]))
    assert str(caught.value) == REFUSED


def test_the_command_line_says_it_in_one_sentence(tmp_path):
    result = train("data=digits", "architecture=resnet", f"hydra.run.dir={tmp_path / 'run'}")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert REFUSED in result.stderr
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("overrides", "mend"),
    [
        (["game=cyclegan"], "use architecture=resnet"),
        (["game=cyclegan", "data=mnist_pair"], "use architecture=resnet"),
        (["game=cyclegan", "architecture=resnet"], "data=mnist delivers images of one domain, .* or mnist_pair"),
        (["experiment=cyclegan", "data=digits"], "data=digits delivers images of one domain, .* or mnist_pair"),
        (["experiment=cyclegan", "penalty=lecam"], "penalty=lecam does not go with game=cyclegan"),
        (["experiment=cyclegan", "architecture.conditional=true"], r"architecture\.conditional=True: none of these"),
    ],
)
def test_a_translation_is_refused_with_the_mend_where_networks_or_data_are_of_another_kind(overrides, mend):
    with pytest.raises(InputError, match=mend) as caught:
        build(compose(overrides))
    assert "\n" not in str(caught.value)


DECIDED = {
    "game=infogan +architecture.recognition.features=100": "architecture.recognition.features: there is no such "
    "setting; known here: hidden, activation",
    "game=auxiliary_classifier architecture.discriminator.condition=concatenation": "architecture.discriminator."
    "condition=concatenation is read by networks that take labels: in this game it takes none; leave it out",
    "game=infogan loss=wasserstein penalty=none": "loss=wasserstein without a constraint on the discriminator has no "
    "minimum: add penalty=dragan, gradient_penalty, r1 or r2, or architecture.discriminator.normalization=spectral",
    "game=auxiliary_classifier penalty=weight_clipping": "penalty=weight_clipping does not go with "
    "game=auxiliary_classifier: use penalty=balanced_consistency, dragan, feature_matching, gradient_penalty, "
    "latent_consistency, lecam, mean_matching, orthogonal, r1, r2 or reconstruction",
    "game=vae data=ring": "data=ring delivers points, and game=vae plays with images: use data=digits, emnist, "
    "fashion_mnist, image_folder, image_folder_pair, kmnist, mnist, mnist_pair, robots or stacked_mnist",
    "game=bigan architecture.conditional=true": "architecture.conditional=True: game=bigan decides conditional=False "
    "for its generator; leave it out",
    "game=bigan +architecture.encoder.gaussian=true": "architecture.encoder.gaussian=True: game=bigan decides "
    "gaussian=False for its encoder; leave it out",
    "game=auxiliary_classifier architecture.conditional=true": "architecture.conditional=True: "
    "game=auxiliary_classifier decides conditional=False for its discriminator; leave it out",
    "game=auxiliary_classifier architecture.discriminator.packing=2": "architecture.discriminator.packing=2: "
    "game=auxiliary_classifier looks at single images; use packing=1",
    "game=auxiliary_classifier data=mnist_pair architecture=resnet": "architecture=resnet: its generator has no "
    "setting conditional, which game=auxiliary_classifier decides: use architecture=dcgan, "
    "mlp, r3gan or sngan",
}


@pytest.mark.parametrize(("overrides", "message"), DECIDED.items())
def test_what_a_game_decides_is_refused_where_something_else_was_asked_for(overrides, message):
    with pytest.raises(InputError) as caught:
        build(compose(overrides.split()))
    assert str(caught.value) == message


def test_what_a_game_decides_is_what_is_built_and_recorded():
    module = build(compose(["game=auxiliary_classifier", "architecture.generator.label_dim=5"])).module
    assert {name: network.classes for name, network in module.networks.items()} == {
        "generator": 10,
        "discriminator": 0,
        "classifier": 0,
    }
    recorded = module.record["architecture"]
    assert recorded["generator"]["conditional"] is True
    assert recorded["discriminator"]["conditional"] is False
    assert (recorded["classifier"]["outputs"], recorded["classifier"]["features"]) == (10, 256)
    assert build(compose(["game=bigan", "game.stochastic=true"])).module.record["architecture"]["encoder"]["gaussian"]


NETWORKS = {
    "penalty=reconstruction": "penalty=reconstruction needs a discriminator that makes images of its features again: "
    "use architecture=light, or leave it out",
    "architecture=light +architecture.discriminator.reconstructs=true": "architecture.discriminator.reconstructs: "
    "there is no such setting; known here: width, normalization, head_bias, packing",
    "architecture=light architecture.conditional=true": "architecture.conditional=True: none of these networks can "
    "take labels: use false",
    "architecture=r3gan data.image_size=7": "architecture.generator: image_size=7 is too small for these networks: use "
    "at least 8",
    "architecture=r3gan architecture.generator.width=20": "architecture.generator: group_size=16 does not divide the "
    "40 features of a grouped convolution: use a width that is a multiple of 8 at every side, or group_size=0",
    "architecture=r3gan penalty=weight_clipping": "penalty=weight_clipping with these residual branches of three "
    "convolutions each in the discriminator: their clipped weights leave them next to no gradient; use "
    "'penalty=[r1,r2]'",
    "architecture=sngan architecture.generator.batch_norm=false": "architecture.generator: batch_norm=False leaves no "
    "way in for labels: use batch_norm=true, or conditional=false",
    "architecture=sngan architecture.discriminator.attention=16": "architecture.discriminator: attention=16: the sides "
    "of the feature maps here are 14, 7; use one of them, or 0",
}


@pytest.mark.parametrize(("overrides", "message"), NETWORKS.items())
def test_what_a_family_of_networks_cannot_do_is_refused_with_the_mend(overrides, message):
    with pytest.raises(InputError) as caught:
        build(compose(["experiment=none", "data=digits", *overrides.split()]))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("penalty", "reconstructs"),
    [
        (["penalty=reconstruction"], True),
        (["penalty=[r1,reconstruction]"], True),
        (["penalty=reconstruction", "penalty.reconstruction.weight=0"], False),
        (["penalty=r1"], False),
    ],
)
def test_a_discriminator_has_decoders_where_a_penalty_reads_them(penalty, reconstructs):
    module = build(compose(["data=digits", "architecture=light", *penalty])).module
    assert module.networks["discriminator"].reconstructs == reconstructs
    assert module.record["architecture"]["discriminator"]["reconstructs"] == reconstructs


@pytest.mark.parametrize(
    "data", ["data=image_folder data.root=docs data.batch_size=1", "data=ring architecture=points"]
)
def test_a_game_that_learns_from_labels_is_refused_where_there_are_none(data):
    with pytest.raises(InputError, match=r"^game: .* learns from labels, but data\.classes=0"):
        build(compose(["game=auxiliary_classifier", *data.split()]))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            "architecture.joint_discriminator.normalization=batch",
            "penalty=r1 with architecture.joint_discriminator.norm",
        ),
        ("architecture.joint_discriminator.head_bias=true", "architecture.joint_discriminator.head_bias=True: this"),
        ("loss=wasserstein penalty=none", "or architecture.joint_discriminator.normalization=spectral"),
        ("penalty=feature_matching", "penalty=feature_matching does not go with game=bigan"),
    ],
)
def test_a_discriminator_of_any_name_is_looked_at(overrides, message):
    with pytest.raises(InputError) as caught:
        build(compose(["game=bigan", *overrides.split()]))
    assert message in str(caught.value)


REFUSED_PACKS = {
    "architecture.discriminator.packing=3": "data.batch_size=32 makes no whole packs of "
    "architecture.discriminator.packing=3: use a multiple of 3",
    "trainer=ddp_cpu trainer.devices=2 data.batch_size=12 architecture.discriminator.packing=4": "data.batch_size=12 "
    "gives each of the 2 devices 6, which makes no whole packs of architecture.discriminator.packing=4: use a multiple "
    "of 8",
    "game=infogan architecture.discriminator.packing=2": "architecture.discriminator.packing=2: game=infogan looks at "
    "single images; use packing=1",
    "architecture.conditional=true architecture.discriminator.packing=2": "architecture.discriminator: packing=2 joins "
    "images whose labels may differ, and conditional=True gives D one label: use packing=1, or conditional=false",
}


@pytest.mark.parametrize("choice", REFUSED_PACKS)
def test_packs_that_cannot_be_are_refused(choice):
    with pytest.raises(InputError) as caught:
        build(compose(["data=digits", "trainer=cpu", *choice.split()]))
    assert str(caught.value) == REFUSED_PACKS[choice]


def test_packs_are_of_one_devices_part_of_a_batch():
    for choice in (
        "data.batch_size=12 architecture.discriminator.packing=4 training.accumulate=3",
        "data.batch_size=8",
    ):
        assert build(compose(["data=digits", "trainer=cpu", *choice.split()])).data.batch_size in (8, 12)
    check_packing({"discriminator": Packed()}, Packing(), batch_size=16, devices=2, option="packing")
    with pytest.raises(InputError, match="use a multiple of 8$"):
        check_packing({"discriminator": Packed()}, Packing(), batch_size=12, devices=2, option="packing")


class Packed(Discriminator):
    packing = 4

    @property
    def head(self) -> nn.Module:
        raise AssertionError


class Packing(Game):
    packs = True

    def turns(self):
        raise AssertionError


@pytest.mark.parametrize(
    "choice", ["data=mnist_pair architecture=resnet game=infogan", "data=ring architecture=points game=infogan"]
)
def test_networks_without_a_setting_that_the_game_decides_are_refused(choice):
    name = choice.split()[1].split("=")[1]
    expected = f"architecture={name}: its generator has no setting categories, which game=infogan decides: use "
    with pytest.raises(InputError, match=f"^{expected}architecture=dcgan, light, mlp, r3gan or sngan$"):
        build(compose(choice.split()))


def test_a_latent_that_is_all_code_is_refused_by_its_setting():
    with pytest.raises(InputError, match=r"^architecture\.generator: latent_dim=12 holds no noise .* use at least 13$"):
        build(compose(["data=digits", "game=infogan", "architecture.generator.latent_dim=12"]))


def test_what_a_constructor_says_of_its_own_settings_is_named_once():
    with pytest.raises(InputError, match="^data.classes=10, but data.split=letters has 26: use data.classes=26$"):
        build(compose(["data=emnist", "data.split=letters", "data.classes=10"]))


def test_unsound_combinations_are_refused_with_the_reason():
    with pytest.raises(InputError, match="penalty=r1 with architecture.discriminator.normalization=batch"):
        build(compose(["penalty=r1", "architecture.discriminator.normalization=batch"]))
    build(compose(["penalty=r1", "penalty.r1.weight=0", "architecture.discriminator.normalization=batch"]))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["architecture=dcgan", "architecture.discriminator.condition=concatenation"],
            "condition=concatenation is read by networks that take",
        ),
        (
            ["architecture=dcgan", "architecture.generator.label_dim=8"],
            "architecture.generator.label_dim=8 is read by networks that take labels",
        ),
        (["penalty=weight_clipping", "architecture.discriminator.attention=7"], "make all places attend alike"),
        (["loss=hinge", "penalty=weight_clipping"], "clipped weights keep the logits inside the margin"),
        (["loss=relativistic", "architecture.discriminator.head_bias=true"], "that bias would never learn"),
        (["augmentation=ada", "loss=wasserstein"], "augmentation=ada steers by the sign of D's logits"),
        (["augmentation=diffaugment", "augmentation.diffaugment.color=true"], "augmentation.diffaugment.color=true"),
        (["data=ring", "architecture=points", "augmentation=ada"], "augmentation=ada changes images"),
        (
            ["penalty=weight_clipping", "architecture.discriminator.normalization=spectral"],
            "the norm divides out what clipping does",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_refused(overrides, message):
    with pytest.raises(InputError, match=message):
        build(compose(overrides))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["penalty=r1"], None),
        (["loss=relativistic", "penalty=[r1,r2]"], None),
        (["loss=relativistic", "penalty=none"], "need not converge"),
        (["loss=relativistic", "penalty=default"], None),
        (
            ["loss=relativistic_average", "penalty=none", "architecture.discriminator.normalization=batch"],
            "batch norm in the discriminator mixes images",
        ),
    ],
)
def test_doubtful_parts_are_warned_of(overrides, message):
    warnings = build(compose(overrides)).warnings
    assert len(warnings) == (message is not None)
    assert message is None or message in warnings[0]


def test_batch_norm_of_features_needs_two_rows_on_each_device():
    normalized = ["data=digits", "architecture=mlp", "architecture.generator.normalization=batch", "trainer=ddp_cpu"]
    for devices in (1, 2):
        settings = [*normalized, f"trainer.devices={devices}"]
        with pytest.raises(
            InputError, match=rf"^data\.batch_size={devices}.* in architecture\.generator .* {2 * devices}$"
        ):
            build(compose([*settings, f"data.batch_size={devices}"]))
        build(compose([*settings, f"data.batch_size={2 * devices}"]))
    build(compose(["data=digits", "architecture=mlp", "data.batch_size=1", "trainer=cpu"]))
