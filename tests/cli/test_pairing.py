import pytest

from helpers import train
from saddle.architecture.mlp import Generator
from saddle.cli.build import build
from saddle.cli.compose import compose
from saddle.cli.pairing import check_reads
from saddle.error import InputError
from saddle.game.turn import Game

REFUSED = (
    "architecture=resnet: its generator reads images of a source domain, and game=adversarial gives it a latent: "
    "use architecture=dcgan or mlp"
)


@pytest.mark.parametrize("data", ["mnist_pair", "digits"])
def test_a_generator_without_a_latent_is_refused_where_the_game_gives_one(data):
    with pytest.raises(InputError) as caught:
        build(compose([f"data={data}", "architecture=resnet"]))
    assert str(caught.value) == REFUSED


def test_a_generator_with_a_latent_is_refused_where_the_game_gives_sources():
    class Translating(Game):
        reads = "source"

        def turns(self):
            raise AssertionError

    with pytest.raises(InputError, match="reads a latent, and game=.* images of a source domain: use .*=resnet$"):
        check_reads(Generator(8, 1), Translating())


def test_the_command_line_says_it_in_one_sentence(tmp_path):
    result = train("data=digits", "architecture=resnet", f"hydra.run.dir={tmp_path / 'run'}")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert REFUSED in result.stderr
    assert not (tmp_path / "run" / "checkpoints").exists()


DECIDED = {
    "game=bigan architecture.conditional=true": "architecture.conditional=True: game=bigan decides conditional=False "
    "for its generator; leave it out",
    "game=bigan +architecture.encoder.gaussian=true": "architecture.encoder.gaussian=True: game=bigan decides "
    "gaussian=False for its encoder; leave it out",
    "game=auxiliary_classifier architecture.conditional=true": "architecture.conditional=True: "
    "game=auxiliary_classifier decides conditional=False for its discriminator; leave it out",
    "game=auxiliary_classifier architecture.discriminator.packing=2": "architecture.discriminator.packing=2: "
    "game=auxiliary_classifier decides packing=1 for its discriminator; leave it out",
    "game=auxiliary_classifier data=mnist_pair architecture=resnet": "architecture.generator: "
    "game=auxiliary_classifier decides conditional=True for its generator, and this one has no such setting; use "
    "another family",
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


NO_LABELS = "learns from labels, but data.classes=0: the data has none; use data that has labels, or game=adversarial"


@pytest.mark.parametrize(
    "data", ["data=image_folder data.root=docs data.batch_size=1", "data=ring architecture=points"]
)
def test_a_game_that_learns_from_labels_is_refused_where_there_are_none(data):
    with pytest.raises(InputError, match=NO_LABELS.replace(".", r"\.")):
        build(compose(["game=auxiliary_classifier", *data.split()]))
    with pytest.raises(InputError, match=r"^game\.classes=3 contradicts data\.classes=10: change data\.classes alone$"):
        build(compose(["game=auxiliary_classifier", "game.classes=3"]))


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
