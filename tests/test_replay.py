"""`saddle replay`: without a change the run itself, to the bit; with one, exactly what it touches is named."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from pairs import GAMES

from helpers import checkpoint, differences, train, trained
from saddle.cli.tools import run_tool
from saddle.run.finished import FinishedRun
from saddle.training.checkpoint import MARK

BARE = ["callback.quality.extractor=none", "~callback.progress", "logger=none"]
LAZY = ["penalty=[r1,r2]", "penalty.r1.every_iterations=4", "training.ema.warmup=0"]
KEPT = ("state_dict", "optimizer_states", "loops", "global_step", "epoch", "GameDataModule")


def replay(run: Path, out: Path, *arguments: str) -> int:
    return run_tool(["replay", str(run), *arguments, "--out", str(out)])


def bits(content: dict) -> dict:
    """What a run has learned, and where it is in its data."""
    kept = {name: content[name] for name in KEPT}
    return {**kept, "clock": content[MARK]["clock"], "data": content[MARK]["data"]}


def first(out: Path) -> tuple[int | None, set[tuple[str | None, str, str]]]:
    """The iteration of the first difference, and what differs there."""
    found = json.loads((out / "replay" / "difference.json").read_text())
    return found["iteration"], {(each["turn"], each["kind"], each["name"]) for each in found["differences"]}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Twelve iterations of a small run, with checkpoints at 6 and 12."""
    path = tmp_path_factory.mktemp("replayed") / "run"
    trained(path, *LAZY, *BARE, "seed=3", "trainer.max_steps=12", "checkpoints.every_images=600")
    assert (path / "checkpoints" / "00000006.ckpt").is_file()
    return path


@pytest.fixture(scope="module")
def weights(run):
    return bits(checkpoint(run))


# without changes


@pytest.mark.parametrize("at", [6, 9, 4], ids=["at a checkpoint", "after one", "before all"])
def test_a_branch_without_changes_is_the_run_to_the_bit(run, weights, tmp_path, at):
    assert replay(run, tmp_path / "branch", "--at", str(at)) == 0
    assert differences(bits(checkpoint(tmp_path / "branch")), weights) == []
    assert differences(bits(torch.load(tmp_path / "branch" / "checkpoints" / "fork.ckpt")), weights) != []
    assert not (tmp_path / "branch" / "replay" / "difference.json").exists()


QUICK = ("adversarial", "vae")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in GAMES]
)
def test_every_game(tmp_path, name):
    chosen = [*GAMES[name], *BARE, "trainer=cpu", "data.batch_size=16", "callback.game.num=16", "trainer.max_steps=7"]
    if "data=mnist_pair" in chosen and "SADDLE_DATA_ROOT" not in os.environ:
        pytest.skip("SADDLE_DATA_ROOT is not set: this game needs MNIST")
    trained(tmp_path / "run", *chosen, "checkpoints.every_images=64")
    assert replay(tmp_path / "run", tmp_path / "branch", "--at", "5") == 0
    assert differences(*(bits(checkpoint(tmp_path / name)) for name in ("run", "branch"))) == []
    shutil.rmtree(tmp_path)


@pytest.mark.slow
def test_the_compiled_executor_and_what_an_executor_changes(tmp_path):
    trained(tmp_path / "run", "training=fast", *BARE, "trainer.max_steps=6", "checkpoints.every_images=400")
    assert replay(tmp_path / "run", tmp_path / "branch", "--at", "5") == 0
    assert differences(*(bits(checkpoint(tmp_path / name)) for name in ("run", "branch"))) == []
    assert replay(tmp_path / "run", tmp_path / "eager", "training.executor=eager", "--at", "4", "--for", "1") == 0
    iteration, touched = first(tmp_path / "eager")
    assert iteration == 5
    assert ("discriminator", "weight", "discriminator") in touched
    assert replay(tmp_path / "run", tmp_path / "rate", "optimizer.generator.lr=1", "--at", "4", "--for", "1") == 0
    assert first(tmp_path / "rate") == (5, {("generator", "weight", "generator")})


# with a change

D_LEARNS = {("discriminator", "gradient", "discriminator"), ("discriminator", "weight", "discriminator")}
G_LEARNS = {("generator", "gradient", "generator"), ("generator", "weight", "generator")}
D_LOSS, G_LOSS = ("discriminator", "loss", "adversarial"), ("generator", "loss", "adversarial")
R1, R2, LECAM = (("discriminator", "loss", name) for name in ("r1", "r2", "lecam"))
EMA_G = (None, "average", "generator")
TOUCHED = {
    "loss=hinge": (7, {D_LOSS, G_LOSS, *D_LEARNS, *G_LEARNS}),
    "~penalty.r1": (9, {R1, *D_LEARNS}),  # due in every fourth iteration
    "penalty.r2.weight=1.0": (7, {R2, *D_LEARNS}),
    "penalty=[r1,r2,lecam]": (
        7,
        {LECAM, *D_LEARNS, ("discriminator", "state", "lecam")},
    ),
    "optimizer.discriminator.lr=0.01": (7, {("discriminator", "weight", "discriminator")}),
    "+optimizer.generator.betas=[0.5,0.9]": (7, {("generator", "weight", "generator")}),
    "training.clip_norm.generator=0.01": (7, G_LEARNS),
    "training.ema.half_life_images=500": (7, {EMA_G}),
    "augmentation=diffaugment": (7, {D_LOSS, R2, *D_LEARNS, G_LOSS, *G_LEARNS}),
    "game.n_critic=2": (7, {("generator", "turn", "generator")}),
    "trainer.precision=64-true": (7, {D_LOSS, R2, *D_LEARNS, G_LOSS, *G_LEARNS, EMA_G}),
    "architecture.discriminator.normalization=batch penalty=none": (
        7,
        {
            *(D_LOSS, R2, *D_LEARNS, G_LOSS, *G_LEARNS),
            ("discriminator", "buffer", "discriminator"),
        },
    ),
}


QUICK_CHANGES = (
    "loss=hinge",
    "~penalty.r1",
    "optimizer.discriminator.lr=0.01",
    "game.n_critic=2",
    "penalty=[r1,r2,lecam]",
)
SLOW_CHANGES = [pytest.param(changes, marks=pytest.mark.slow) for changes in TOUCHED if changes not in QUICK_CHANGES]


@pytest.mark.parametrize("changes", [*QUICK_CHANGES, *SLOW_CHANGES])
def test_exactly_what_a_change_touches_is_named(run, tmp_path, changes):
    assert replay(run, tmp_path / "branch", *changes.split(), "--at", "6", "--for", "3") == 0
    assert first(tmp_path / "branch") == TOUCHED[changes]
    assert checkpoint(tmp_path / "branch")[MARK]["clock"]["iteration"] == 9


@pytest.mark.parametrize("changes", ["optimizer.lr=0.002 callback.samples.num=4", "~penalty.r1"])
def test_a_change_without_effect_is_said_to_have_none(run, tmp_path, capsys, changes):
    """The first one leaves every number as it was, the second one is not due until iteration 9."""
    assert replay(run, tmp_path / "branch", *changes.split(), "--at", "6", "--for", "2") == 0
    assert "does not differ" in capsys.readouterr().out
    assert first(tmp_path / "branch") == (None, set())
    assert replay(run, tmp_path / "same", "--at", "6", "--for", "2") == 0
    weights = [checkpoint(tmp_path / name)["state_dict"] for name in ("branch", "same")]
    assert differences(*weights) == []


# a branch is a run


def test_a_branch_is_a_run_that_goes_on_and_says_where_it_comes_from(run, tmp_path):
    change = ("penalty.r2.weight=1.0", "--at", "8")
    assert replay(run, tmp_path / "straight", *change, "--images", "700") == 0
    assert replay(run, tmp_path / "branch", *change, "--for", "3") == 0
    result = train(f"resume={tmp_path / 'branch'}", "trainer.max_steps=15")
    assert result.returncode == 0, result.stderr
    straight, branch = (checkpoint(tmp_path / name) for name in ("straight", "branch"))
    assert straight[MARK]["clock"]["iteration"] == 15
    assert differences(bits(straight), bits(branch)) == []
    begun = branch[MARK]["record"]["branch"]
    assert begun["run"] == str(run)
    assert (begun["iteration"], begun["checkpoint"], begun["checkpoint_iteration"]) == (8, "00000006.ckpt", 6)
    assert len(begun["sha256"]) == 64
    assert begun["changes"] == ["penalty.r2.weight=1.0"]
    opened = FinishedRun.open(tmp_path / "branch")
    assert opened.summary["branch"] == begun
    assert opened.sample(2).shape == (2, 1, 28, 28)
    assert opened.record["penalty"]["r2"]["weight"] == 1.0
    assert (tmp_path / "branch" / "checkpoints" / "fork.ckpt").is_file()


@pytest.mark.slow
def test_a_loss_of_differences_drops_the_bias_of_ds_last_layer(tmp_path):
    trained(
        tmp_path / "run", "loss=hinge", "penalty=none", *BARE, "trainer.max_steps=4", "checkpoints.every_images=200"
    )
    assert replay(tmp_path / "run", tmp_path / "branch", "loss=relativistic", "--at", "2") == 0
    before, after = (checkpoint(tmp_path / name)["state_dict"].keys() for name in ("run", "branch"))
    assert before - after == {"discriminator.layers.4.bias"}


def test_a_branch_has_branches_of_its_own(run, tmp_path):
    assert replay(run, tmp_path / "first", "loss=hinge", "--at", "6", "--for", "6") == 0
    assert replay(tmp_path / "first", tmp_path / "second", "--at", "7") == 0
    assert differences(*(bits(checkpoint(tmp_path / name)) for name in ("first", "second"))) == []
    assert replay(tmp_path / "first", tmp_path / "third", "--at", "5") == 2
    assert not (tmp_path / "third").exists()


def test_pictures_show_both(run, tmp_path):
    assert replay(run, tmp_path / "branch", "optimizer.generator.lr=0.01", "--at", "4") == 0
    assert {path.name for path in (tmp_path / "branch" / "replay").iterdir()} == {
        *("curves.png", "difference.json", "film.gif", "grids.png")
    }


def test_training_that_fails_ends_with_1(run, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        replay(run, tmp_path / "branch", "optimizer.lr=1e30", "callback.health.every_iterations=1", "--at", "6")
    assert caught.value.code == 1
    assert "training failed" in capsys.readouterr().err


# what cannot be replayed

REFUSED = {
    "data.batch_size=50": "data.batch_size",
    "data=mnist": "data",
    "seed=4": "seed",
    "game=vae": "game",
    "experiment=tutorial": "experiment",
    "init=elsewhere": "init",
    "folder=elsewhere": "folder",
    "trainer.max_steps=20": "trainer.max_steps",
    "trainer.overfit_batches=1": "trainer.overfit_batches",
    "training.accumulate=2": "training.accumulate",
    "training.freeze=1": "training.freeze",
    "training.ema=null": "training.ema",
    "trainer.devices=2": "trainer.devices",
    "architecture.discriminator.hidden=[8,8]": "discriminator.layers.0.weight",
    "architecture.generator.latent_dim=7": "generator.layers.0.weight",
    "optimizer.amsgrad=true": "optimizer",
    "penalty.r1.weight=-1": "penalty.r1.weight",
    "loss=hinges": "loss=hinges",
    "nonsense.setting=1": "nonsense",
}


QUICK_REFUSALS = ("data.batch_size=50", "seed=4", "game=vae", "trainer.max_steps=20", "training.ema=null")
QUICK_REFUSALS += ("architecture.discriminator.hidden=[8,8]", "optimizer.amsgrad=true")
SLOW_REFUSALS = [pytest.param(change, marks=pytest.mark.slow) for change in REFUSED if change not in QUICK_REFUSALS]


@pytest.mark.parametrize("change", [*QUICK_REFUSALS, *SLOW_REFUSALS])
def test_what_cannot_be_replayed_is_refused_and_leaves_nothing(run, tmp_path, capsys, change):
    assert replay(run, tmp_path / "branch", change, "--at", "6") == 2
    said = capsys.readouterr().err
    assert REFUSED[change] in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "branch").exists()


def test_moments_and_folders_that_cannot_be_are_refused(run, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    checkpoint_at_6 = run / "checkpoints" / "00000006.ckpt"
    for source, out, at, named in (
        (run, "mine", "6", "--out"),
        (tmp_path / "nowhere", "branch", "6", "nowhere"),
        (run, "branch", "12", "--at 12"),
        (checkpoint_at_6, "branch", "5", "--at 5"),
    ):
        assert replay(source, tmp_path / out, "--at", at) == 2
        assert named in capsys.readouterr().err
    assert not (tmp_path / "branch").exists()
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]
    for wrong in (["--at", "0"], ["--at", "6", "--for", "0"], ["--at", "6", "--for", "3", "--images", "9"], []):
        with pytest.raises(SystemExit) as caught:
            replay(run, tmp_path / "branch", *wrong)
        assert caught.value.code == 2


def test_data_that_has_changed_is_refused_before_anything_is_played(tmp_path, picture_folder, capsys):
    shutil.copytree(picture_folder, tmp_path / "pictures")
    chosen = ["data=image_folder", f"data.root={tmp_path / 'pictures'}", "data.image_size=16", "data.channels=3"]
    chosen += ["data.batch_size=16", "data.classes=0", f"data.cache={tmp_path / 'cache'}", "trainer.max_steps=4"]
    trained(tmp_path / "run", *chosen, *BARE, "checkpoints.every_images=32", "checkpoints.keep=null")
    assert replay(tmp_path / "run", tmp_path / "same", "--at", "3") == 0
    assert differences(*(bits(checkpoint(tmp_path / name)) for name in ("run", "same"))) == []
    first_picture, second = sorted((tmp_path / "pictures").rglob("*.png"))[:2]
    shutil.copy(second, first_picture)
    for at in ("3", "2"):
        assert replay(tmp_path / "run", tmp_path / "branch", "optimizer.lr=0.1", "--at", at) == 2
        assert "the data has changed" in capsys.readouterr().err
        assert not (tmp_path / "branch").exists()


@pytest.mark.slow
def test_limits_of_time_and_epochs_do_not_shorten_what_is_played_again(tmp_path):
    limits = ["trainer.max_epochs=1", "trainer.max_time=00:00:10:00"]
    trained(tmp_path / "run", *limits, *BARE, "trainer.max_steps=20", "checkpoints.every_images=600")
    assert checkpoint(tmp_path / "run")[MARK]["clock"]["iteration"] == 17  # batches of an epoch
    change = ["optimizer.generator.lr=0.1", "trainer.max_epochs=2", "--at", "17", "--for", "2"]
    assert replay(tmp_path / "run", tmp_path / "branch", *change) == 0
    assert first(tmp_path / "branch") == (18, {("generator", "weight", "generator")})
    assert checkpoint(tmp_path / "branch")[MARK]["clock"]["iteration"] == 19


def test_a_damaged_checkpoint_is_passed_over(run, weights, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "run")
    damaged = tmp_path / "run" / "checkpoints" / "00000006.ckpt"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    assert replay(tmp_path / "run", tmp_path / "branch", "--at", "7") == 0
    said = capsys.readouterr().err
    assert "00000006.ckpt" in said
    assert "from its beginning" in said
    assert differences(bits(checkpoint(tmp_path / "branch")), weights) == []
