"""Whole runs of CycleGAN on real MNIST: resumed, and on two ranks."""

import json

import pytest
import torch

from helpers import checkpoint, differences, train

RUN = ["experiment=cyclegan", "data.image_size=12", "data.limit=200", "data.batch_size=8", "game.pool_size=12"]
RUN += ["architecture.generator.width=2", "architecture.generator.halvings=1", "architecture.generator.blocks=1"]
RUN += ["architecture.discriminator.widths=[4]", "callback.quality.num=40", "callback.game.num=20", "trainer=cpu"]


def trained(folder, *choices: str) -> dict:
    result = train(*RUN, f"hydra.run.dir={folder}", *choices)
    assert result.returncode == 0, result.stderr
    return checkpoint(folder)


def test_a_run_resumes_with_the_same_bits_pools_and_all(mnist_root, tmp_path):
    whole = trained(tmp_path / "whole", "trainer.max_steps=7", "callback.health.probe_iterations=3")
    trained(tmp_path / "parts", "trainer.max_steps=4")
    assert (result := train(f"resume={tmp_path / 'parts'}", "trainer.max_steps=7")).returncode == 0, result.stderr
    assert differences(whole["state_dict"], checkpoint(tmp_path / "parts")["state_dict"]) == []
    assert whole["state_dict"]["state.image_pool.count"] == 12
    metrics = json.loads((tmp_path / "whole" / "summary.json").read_text())["metrics"]
    assert 0 <= metrics["metric/label_preservation"] <= 1
    assert metrics["metric/unchanged_error"] > 0.05
    assert list((tmp_path / "whole" / "samples" / "translations").glob("*.png"))


@pytest.mark.slow
def test_two_ranks_with_two_parts_equal_one_process_pools_and_all(mnist_root, tmp_path):
    choices = ["trainer.precision=64-true", "trainer.max_steps=5", "training.accumulate=2", "optimizer.eps=1e-6"]
    one = trained(tmp_path / "one", *choices)["state_dict"]
    two = trained(tmp_path / "two", *choices, "trainer=ddp_cpu", "trainer.devices=2")["state_dict"]
    assert one["state.image_pool.count"] == 12
    for name, value in one.items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(
                two[name], value, rtol=1e-9, atol=1e-11, msg=lambda text, name=name: f"{name}: {text}"
            )
