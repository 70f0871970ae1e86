"""D's first layers stay as they are in every kind of run, and the others learn (`training.freeze`)."""

import re

import pytest
import torch
from pairs import DCGAN

from helpers import SMALL, checkpoint, differences, train, trained

FREEZE = ["trainer.precision=64-true", "trainer.max_steps=6", "training.freeze=2", "checkpoints.every_images=100"]
CONVOLUTIONS = [*DCGAN, "trainer.log_every_n_steps=1", "optimizer=adamw", "optimizer.weight_decay=0.1"]
CONVOLUTIONS += ["architecture.discriminator.hidden=8", "data.batch_size=20", "data.limit=200"]
FROZEN = r"discriminator\.layers\.[02]\."
"""The names of the tensors of two convolutions, behind each of which is an activation."""


def check_frozen(folder) -> None:
    """An iteration changes all weights of D but the frozen ones, which no optimizer has."""
    first, last = (torch.load(folder / "checkpoints" / f"{number:08}.ckpt", weights_only=True) for number in (5, 6))
    weights = [name for name in last["state_dict"] if name.startswith("discriminator.")]
    learned = [name for name in weights if not re.match(FROZEN, name)]
    assert 0 < len(learned) < len(weights)
    for name in weights:
        is_same = torch.equal(first["state_dict"][name], last["state_dict"][name])
        assert is_same == (name not in learned), name
    optimizer = last["optimizer_states"][0]
    assert len(optimizer["state"]) == len(optimizer["param_groups"][0]["params"]) == len(learned)


@pytest.mark.parametrize(
    "choices",
    [
        ["penalty=[r1,r2,gradient_penalty]"],
        ["penalty=[orthogonal]", "loss=non_saturating", "training.clip_norm.discriminator=0.1"],
        ["penalty=weight_clipping", "loss=wasserstein"],
        ["penalty=r1", "training.accumulate=2", "data.batch_size=10"],
    ],
    ids=" ".join,
)
def test_weights_of_frozen_layers_stay(tmp_path, choices):
    trained(tmp_path / "run", *CONVOLUTIONS, "trainer=cpu", *FREEZE, "checkpoints.every_images=20", *choices)
    check_frozen(tmp_path / "run")


def test_buffers_of_frozen_layers_go_on(tmp_path):
    norm = ["architecture.discriminator.normalization=spectral", "penalty=r1", "checkpoints.every_images=20"]
    trained(tmp_path / "run", *CONVOLUTIONS, "trainer=cpu", *FREEZE, *norm)
    first, last = (
        torch.load(tmp_path / "run" / "checkpoints" / f"{number:08}.ckpt", weights_only=True)["state_dict"]
        for number in (5, 6)
    )
    weight = "discriminator.layers.0.parametrizations.weight"
    assert torch.equal(first[f"{weight}.original"], last[f"{weight}.original"])
    assert not torch.equal(first[f"{weight}.0._u"], last[f"{weight}.0._u"])


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    choices = [*CONVOLUTIONS, *FREEZE, "penalty=[r1,gradient_penalty]", "optimizer.eps=1e-6"]
    one = trained(tmp_path / "one", "trainer=cpu", *choices)["state_dict"]
    two = trained(tmp_path / "two", "trainer=ddp_cpu", "trainer.devices=2", *choices)["state_dict"]
    for name, value in one.items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(two[name], value, rtol=1e-10, atol=1e-12)


def test_a_run_with_frozen_layers_goes_on_with_the_same_bits(tmp_path):
    choices = [*CONVOLUTIONS, "trainer=cpu", *[text for text in FREEZE if "max_steps" not in text]]
    straight = trained(tmp_path / "straight", *choices, "trainer.max_steps=6")
    trained(tmp_path / "halves", *choices, "trainer.max_steps=3")
    result = train(f"resume={tmp_path / 'halves'}", "trainer.max_steps=6")
    assert result.returncode == 0, result.stderr
    halves = checkpoint(tmp_path / "halves")
    for content in (straight, halves):
        content["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, halves) == []
    result = train(f"resume={tmp_path / 'halves'}", "trainer.max_steps=9", "training.freeze=1")
    assert (result.returncode, "resume: training.freeze was 2 " in result.stderr) == (2, True)


def test_a_run_that_began_before_there_was_the_setting_goes_on(tmp_path):
    trained(tmp_path / "run", "trainer.max_steps=3", "trainer=cpu")
    last, settings = tmp_path / "run" / "checkpoints" / "last.ckpt", tmp_path / "run" / ".hydra" / "config.yaml"
    content = checkpoint(tmp_path / "run")
    del content["saddle"]["record"]["training"]["freeze"]
    torch.save(content, last)
    lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
    older = [line for line in lines if not re.match(r"init: |  freeze: ", line)]
    assert len(older) == len(lines) - 2
    settings.write_text("".join(older), encoding="utf-8")
    result = train(f"resume={tmp_path / 'run'}", "trainer.max_steps=4")
    assert result.returncode == 0, result.stderr
    result = train(f"resume={tmp_path / 'run'}", "trainer.max_steps=5", "training.freeze=1")
    assert result.returncode == 2
    assert "resume: training.freeze was" in result.stderr


def test_what_is_shown_and_checked_of_a_run_is_there(tmp_path):
    health = ["callback.health.every_iterations=2", "callback.health.probe_iterations=2"]
    result = train(*SMALL, "training.freeze=2", "trainer.max_steps=10", *health, f"folder={tmp_path / 'run'}")
    assert result.returncode == 0, result.stderr
    header = (tmp_path / "run" / "metrics.csv").read_text(encoding="utf-8").splitlines()[0]
    assert {"gradient_norm/discriminator", "health/signal", "health/input_gradient_real"} <= set(header.split(","))
