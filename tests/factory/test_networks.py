"""Combinations that are unsound are refused by torch alone, with the words that the full check has for them."""

import json

import pytest

from helpers import command
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.networks import build_game, check_parts
from saddle.factory.run import build
from saddle.game.turn import DataSizes
from saddle.loss.hinge import Hinge

UNSOUND = (
    ["loss=wasserstein", "penalty=none"],
    ["architecture.discriminator.normalization=batch"],
    ["architecture.generator.widths=[7,7,7,7,7,7,7]"],
    ["game=cyclegan"],
    ["augmentation=ada"],
    ["architecture.generator.widths=[65536,65536]"],
    ["architecture.discriminator.head_bias=true"],
)
CODE = """
import json, sys
sys.modules["lightning"] = None  # so `import lightning` fails
from saddle.factory.networks import build_game, check_parts
said = []
for config in json.loads(sys.argv[1]):
    try:
        check_parts(config)
        said.append(None)
    except ValueError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def test_lightning_is_not_needed_to_refuse_them():
    result = command("-c", CODE, json.dumps([compose(overrides) for overrides in [*UNSOUND, []]]))
    assert result.returncode == 0, result.stderr
    *said, sound = json.loads(result.stdout)
    for overrides, sentence in zip(UNSOUND, said, strict=True):
        with pytest.raises(InputError) as refused:
            build(compose(overrides))
        assert sentence == str(refused.value)
    assert sound is None


def test_the_command_line_asks_it_first(tmp_path):
    blocked = "import sys; sys.modules['lightning'] = None; from saddle.cli import train; train()"
    result = command("-c", blocked, "loss=wasserstein", "penalty=none", cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("loss=wasserstein without a constraint on the discriminator has no minimum")


def test_a_code_to_run_in_a_part_is_not_built():
    config = compose([])
    config["loss"]["_target_"] = "os.system"
    with pytest.raises(InputError, match=r"loss\._target_=os\.system: only classes below"):
        check_parts(config)


def test_a_game_is_handed_the_objective_and_the_sizes_that_it_takes():
    config = compose(["game=auxiliary_classifier", "data=digits", "loss=hinge", "penalty=r1", "augmentation=ada"])
    game = build_game(config)
    assert isinstance(game.objective.loss, Hinge)
    assert list(game.objective.penalties) == ["r1"]
    assert list(game.objective.augmentations) == ["ada"]
    assert game.sizes == DataSizes(channels=1, image_size=28, classes=10)
    assert not hasattr(build_game(compose(["game=vae"])), "objective")


@pytest.mark.parametrize("setting", ["objective", "sizes"])
def test_what_a_game_is_handed_is_no_setting(setting):
    with pytest.raises(InputError, match=rf"^game\.{setting}: there is no such setting"):
        build(compose(["game=auxiliary_classifier", f"+game.{setting}=1"]))
