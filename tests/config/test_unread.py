import pytest

from saddle.config.compose import compose
from saddle.error import InputError


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
def test_what_is_no_game_is_left_to_the_schema(overrides):
    with pytest.raises(InputError, match="^game"):
        compose(overrides)
