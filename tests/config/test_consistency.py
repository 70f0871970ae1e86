import pytest

from helpers import train_afresh
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.parts import build_parts


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
@pytest.mark.parametrize("data", ["ring", "grid", "swiss_roll"])
def test_points_and_networks_for_images_are_refused_with_the_alternative(data, architecture):
    reason = f"data={data} delivers points, and architecture={architecture} is made for images: use architecture=points"
    with pytest.raises(InputError) as caught:
        compose([f"data={data}", f"architecture={architecture}"])
    assert str(caught.value) == reason
    compose([f"data={data}", "architecture=points"])


def test_images_and_networks_for_points_are_refused_with_the_alternative():
    with pytest.raises(
        InputError, match="data=digits delivers images, and architecture=points is made for points: use"
    ):
        compose(["data=digits", "architecture=points"])


def test_the_command_line_says_it_in_one_sentence(tmp_path):
    result = train_afresh("data=ring", f"hydra.run.dir={tmp_path / 'run'}")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "use architecture=points" in result.stderr
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["game=vae", "loss=hinge"], "loss=hinge: game=vae reads no loss; leave it out"),
        (["game=vae", "penalty.r1.weight=3"], "penalty.r1.weight=3: game=vae reads no penalty; leave it out"),
        (["experiment=vae", "augmentation=diffaugment"], "game=vae reads no augmentation; leave it out"),
        (["game=vae", "architecture.discriminator.hidden=8"], "game=vae has no discriminator; its networks are"),
        (
            ["game=vae", "architecture=points", "data=ring"],
            "architecture=points: it has no encoder, which the game needs;",
        ),
        (["game=vae", "architecture/encoder=x"], "architecture/encoder=x: there is no such option; choose one of"),
        (["+architecture/encoder=mlp"], "game=adversarial has no encoder; its networks are generator, discriminator"),
    ],
)
def test_what_the_game_does_not_read_is_refused(overrides, message):
    with pytest.raises(InputError) as refused:
        compose(overrides)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "overrides",
    [
        ["loss=hinge", "penalty=r1", "augmentation=diffaugment", "architecture.discriminator.hidden=8"],
        ["game=vae", "architecture=mlp", "architecture.encoder.hidden=[8]", "architecture/encoder=mlp"],
        ["game=vae", "architecture.conditional=true"],
    ],
)
def test_what_it_reads_is_accepted(overrides):
    compose(overrides)


@pytest.mark.parametrize(
    "overrides", [["~game"], ["game._target_=saddle.loss.hinge.Hinge"], ["game._target_=saddle.game.turn.Game"]]
)
def test_what_is_no_game_is_refused(overrides):
    with pytest.raises(InputError, match="^~?game"):
        compose(overrides)


def test_labels_that_data_or_networks_do_not_have_are_refused():
    with pytest.raises(InputError, match=r"architecture\.conditional=True needs labels, but data\.classes=0"):
        compose(["data=ring", "architecture=points", "architecture.conditional=true"])
    with pytest.raises(InputError, match=r"architecture\.conditional=True: none of these networks can take labels"):
        compose(["data=mnist_pair", "game=cyclegan", "architecture=resnet", "architecture.conditional=true"])


LABELED = ["architecture=residual", "data=digits"]


@pytest.mark.parametrize(
    ("overrides", "conditional"),
    [
        (LABELED, True),
        ([*LABELED, "architecture.conditional=false"], False),
        ([*LABELED, "game=bigan"], False),
        ([*LABELED, "game=vae"], False),
        ([*LABELED, "architecture.discriminator.packing=2"], False),
        (["architecture=residual", "data=stacked_mnist"], False),
        (["architecture=dcgan", "data=digits", "architecture.conditional=auto"], True),
        (["architecture=points", "data=ring", "architecture.conditional=auto"], False),
        (["experiment=none", "data=digits"], False),
    ],
)
def test_labels_are_used_by_default_where_the_data_has_some_to_ask_for(overrides, conditional):
    config = compose(overrides)
    assert config.conditional is conditional
    assert build_parts(config).record["architecture"]["conditional"] is conditional


def test_data_without_labels_needs_no_word_about_them(picture_folder):
    place = ["data=image_folder", f"data.root='{picture_folder}'", "data.image_size=16", "data.batch_size=8"]
    assert compose(place).conditional is False
    assert compose([*place, "data.classes=2"]).conditional is True
    with pytest.raises(InputError, match="needs labels, but data.classes=0"):
        compose([*place, "architecture.conditional=true"])
    with pytest.raises(InputError, match="architecture.conditional=maybe: use true, false or auto"):
        compose([*place, "architecture.conditional=maybe"])
