"""Every game, as a run plays it: it trains, resumes to the bit, and keeps to the precision asked for."""

import os

import pytest
import torch
from pairs import GAMES, QUIET, walk

from helpers import REPOSITORY, differences
from saddle.callback.game_metrics import game_metrics
from saddle.config.compose import compose
from saddle.factory.run import Run, build

TRAINING = [*QUIET, "trainer=cpu", "data.batch_size=16", "optimizer.lr=1e-3"]


@pytest.fixture(params=GAMES)
def game(request):
    chosen = GAMES[request.param]
    if "data=mnist_pair" in chosen and "SADDLE_DATA_ROOT" not in os.environ:
        pytest.skip("SADDLE_DATA_ROOT is not set: this game needs MNIST")
    return chosen


def test_a_game_names_what_it_measures(game):
    built = fitted(game, 1)
    networks = {name: built.module.finished(name) for name in built.module.game.needs}
    batch = built.data.held_out(16)
    found = game_metrics(built.module.game, networks, batch, seed=0).keys()
    found |= (
        built.module.game.labeled_samples(networks, batch, built.module.moment(0)).keys() if "label" in batch else set()
    )
    assert found == set(built.module.game.measures)


def test_no_game_is_left_out():
    assert {file.stem for file in (REPOSITORY / "conf" / "game").glob("*.yaml")} == set(GAMES)


def test_every_parameter_of_every_network_learns(game):
    walk(game)


def fitted(chosen: list[str], steps: int, checkpoint=None, *overrides: str) -> Run:
    built = build(compose([*chosen, *TRAINING, f"trainer.max_steps={steps}", *overrides]))
    built.trainer.fit(built.module, datamodule=built.data_module, ckpt_path=checkpoint, weights_only=True)
    return built


def test_a_resumed_run_ends_with_the_same_bits(game, tmp_path):
    straight = fitted(game, 7)
    begun = fitted(game, 3)
    begun.trainer.save_checkpoint(tmp_path / "a.ckpt")
    resumed = fitted(game, 7, tmp_path / "a.ckpt")
    for built, name in ((straight, "straight"), (resumed, "resumed")):
        assert built.module.clock.iteration == 7
        built.trainer.save_checkpoint(tmp_path / f"{name}.ckpt")
    contents = [torch.load(tmp_path / f"{name}.ckpt", weights_only=True) for name in ("straight", "resumed")]
    kept = ("state_dict", "optimizer_states", "saddle", "global_step")
    assert differences(*({key: content[key] for key in kept} for content in contents)) == []
    start = torch.load(tmp_path / "a.ckpt", weights_only=True)["state_dict"]
    assert differences(start, contents[0]["state_dict"]) != []


def test_bfloat16_trains_with_finite_numbers(game):
    built = fitted(game, 3, None, "trainer.precision=bf16-mixed")
    assert all(p.isfinite().all() and p.dtype == torch.float32 for p in built.module.parameters())


@pytest.mark.slow
def test_weights_of_terms_may_be_zero_and_have_no_others(game):
    weights = compose([*game, *TRAINING]).game.settings.get("weights", {})
    for name in weights:
        fitted(game, 1, None, f"game.weights.{name}=0")
