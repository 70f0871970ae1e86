import pytest
import torch
from torch import nn

from helpers import checkpoint, differences, train, trained
from saddle.layer.normalization import normalized, weighted

SPECTRAL = [
    "architecture=dcgan",
    "architecture.conditional=true",
    "data.batch_size=40",
    "penalty=[r1,gradient_penalty]",
]
for player, widths in (("generator", "[8,4]"), ("discriminator", "[4,8]")):
    SPECTRAL += [f"architecture.{player}.{setting}" for setting in ("normalization=spectral", "attention=7")]
    SPECTRAL += [f"architecture.{player}.widths={widths}"]


@pytest.mark.parametrize(("dimensions", "kind"), [(1, nn.BatchNorm1d), (2, nn.BatchNorm2d)])
def test_batch_norm_has_the_dimensions_asked_for(dimensions, kind):
    (norm,) = normalized(6, "batch", dimensions)
    assert type(norm) is kind
    assert norm.num_features == 6
    assert normalized(6, "spectral", dimensions) == normalized(6, "none", dimensions) == []


def test_only_spectral_normalization_changes_a_layer():
    assert not hasattr(weighted(nn.Linear(2, 2), "batch"), "parametrizations")
    assert hasattr(weighted(nn.Linear(2, 2), "spectral"), "parametrizations")


@pytest.mark.slow
def test_power_iterations_go_on_where_a_resumed_run_stopped(tmp_path):
    choices = [*SPECTRAL, "architecture.discriminator.minibatch_stddev=4", "training.accumulate=2"]
    straight = trained(tmp_path / "straight", *choices, "trainer.max_steps=5")
    trained(tmp_path / "stopped", *choices, "trainer.max_steps=3", "callback.health.every_iterations=1")
    result = train(f"resume={tmp_path / 'stopped'}", "trainer.max_steps=5")
    assert result.returncode == 0, result.stderr
    resumed = checkpoint(tmp_path / "stopped")
    vectors = [name for name in straight["state_dict"] if name.startswith("disc") and name.endswith(("._u", "._v"))]
    assert len(vectors) == 2 * (2 + 4 + 1 + 2)  # convolutions, attention, the hidden layer, and both parts of the head
    for part in ("state_dict", "optimizer_states"):
        assert differences(straight[part], resumed[part]) == []


@pytest.mark.slow
def test_power_iterations_of_two_ranks_are_those_of_one_process(tmp_path):
    choices = [*SPECTRAL, "trainer.precision=64-true", "trainer.max_steps=5", "optimizer.lr=1e-2", "optimizer.eps=1e-6"]
    one = trained(tmp_path / "one", "trainer=cpu", *choices)["state_dict"]
    two = trained(tmp_path / "two", "trainer=ddp_cpu", "trainer.devices=2", *choices)["state_dict"]
    assert one.keys() == two.keys()
    for name, value in one.items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(two[name], value, rtol=1e-10, atol=1e-12)
