"""Fault 8: a checkpoint of another architecture is refused by naming a parameter and both shapes."""

import pytest
import torch
from torch import nn

from helpers import SMALL, checkpoint, train, trained
from saddle.error import InputError
from saddle.training.checkpoint import check_fits
from saddle.training.checkpoint_io import AtomicCheckpointIO


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Linear(2, 4), r"g\.weight is \(3, 2\) in the file, \(4, 2\) in the model"),
        (nn.Linear(2, 3, bias=False), r"g\.bias is \(3,\) in the file, absent in the model"),
        (nn.BatchNorm1d(3), r"g\.weight is \(3, 2\) in the file, \(3,\) in the model"),
    ],
)
def test_a_parameter_and_both_shapes_are_named(network, message, tmp_path):
    state = {f"g.{name}": value for name, value in nn.Linear(2, 3).state_dict().items()}
    with pytest.raises(InputError, match=message):
        check_fits(state, network, tmp_path, "g.")
    check_fits(state | {"other": torch.zeros(1)}, nn.Linear(2, 3), tmp_path, "g.")


def test_a_run_does_not_go_on_with_the_networks_of_another(tmp_path):
    trained(tmp_path, "trainer.max_steps=2")
    content, last = checkpoint(tmp_path), tmp_path / "checkpoints" / "last.ckpt"
    name = "discriminator.layers.0.weight"
    content["state_dict"][name] = content["state_dict"][name][:5]
    AtomicCheckpointIO().save_checkpoint(content, last)
    result = train(f"resume={last}", "trainer.max_steps=4")
    assert result.returncode == 2
    message = f"{last} is of another architecture: {name} is (5, 784) in the file, (256, 784) in the model\n"
    assert result.stderr == message


def test_a_run_does_not_begin_with_the_networks_of_another(tmp_path):
    trained(tmp_path / "other", "trainer.max_steps=1", "architecture.discriminator.hidden=[5,256]")
    result = train(*SMALL, f"init={tmp_path / 'other'}", f"folder={tmp_path / 'run'}")
    assert (result.returncode, result.stderr.startswith("init: architecture.discriminator.hidden is")) == (2, True)
