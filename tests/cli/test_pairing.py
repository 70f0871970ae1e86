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
