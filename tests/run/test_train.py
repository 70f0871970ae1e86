import json

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from helpers import SMALL, checkpoint, differences, train, train_afresh, trained
from saddle.logger.curve import place_of
from saddle.training.checkpoint import MARK


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of 12 iterations."""
    folder = tmp_path_factory.mktemp("run")
    result = train_afresh(*SMALL, f"hydra.run.dir={folder}", "trainer.max_steps=12", "penalty=r1")
    assert result.returncode == 0, result.stderr
    return folder, result


def test_the_run_folder_holds_what_is_promised(run):
    folder, result = run
    names = {".hydra", "checkpoints", "samples", "tensorboard", "metrics.csv", "summary.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {"00000012.ckpt", "best.ckpt", "last.ckpt"}
    assert (folder / "samples" / "00000012.png").stat().st_size > 1000
    assert json.loads((folder / "summary.json").read_text())["iterations"] == 12
    assert "loss/discriminator" in result.stdout
    assert f"saddle sample {folder}" in result.stdout


def test_data_that_does_not_fit_is_refused_before_the_folder_is_filled(tmp_path):
    result = train("data=digits", "data.channels=3", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == "data.channels=3, but the images have 1\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_is_not_there_is_made(tmp_path):
    result = train(*SMALL, f"folder={tmp_path}/a/b", "trainer.max_steps=1")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "a" / "b" / "checkpoints" / "last.ckpt").exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    result = train(*SMALL, f"folder={tmp_path}/file")
    assert result.returncode == 2
    assert f"{tmp_path}/file" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_alarms_the_user(run):
    for word in ("warn", "deprecat", "error", "litlogger"):
        assert word not in run[1].stderr.lower(), run[1].stderr


def test_tensorboard_has_every_curve_the_grids_and_the_hyper_parameters(run):
    events = EventAccumulator(str(run[0] / "tensorboard"), size_guidance={"images": 0}).Reload()
    scalars = events.Tags()["scalars"]
    for curve in (
        *("loss/discriminator", "loss/discriminator/adversarial", "loss/discriminator/r1", "loss/generator"),
        *("probability/real_above_fake", "logit/real", "logit/fake"),
        *("gradient_norm/discriminator", "gradient_norm/generator"),
        *("learning_rate/discriminator", "learning_rate/generator", "images_per_second", "images", "cpu_seconds"),
        *("updates/discriminator", "updates/generator", "metric/frechet"),
    ):
        assert place_of(curve).tag in scalars
    assert [event.step for event in events.Scalars("3_losses/generator")] == [5, 10, 12]
    assert [event.step for event in events.Images("1_pictures/samples")] == [0, 1, 2, 5, 10, 12]
    assert "Smaller is better" in events.SummaryMetadata("2_metrics/frechet").summary_description
    assert "_hparams_/session_start_info" in events.summary_metadata
    assert "_hparams_/experiment" not in events.summary_metadata  # TensorBoard makes columns of all runs of a sweep
    started = HParamsPluginData.FromString(events.summary_metadata["_hparams_/session_start_info"].plugin_data.content)
    hyper_parameters = started.session_start_info.hparams
    assert hyper_parameters["architecture.generator"].string_value == "mlp"
    assert hyper_parameters["penalty.r1.weight"].number_value == 0.3


def test_checkpoint_counts_every_turn(run):
    content = checkpoint(run[0])
    clock = {"iteration": 12, "images": 1200, "updates": {"discriminator": 12, "generator": 12}, "cpu_seconds": 0.0}
    assert differences(content[MARK]["clock"], clock) == []
    assert content["global_step"] == 12


def test_a_run_is_a_function_of_its_seed(run, tmp_path):
    again = trained(tmp_path / "again", "trainer.max_steps=12", "penalty=r1")
    other = trained(tmp_path / "other", "trainer.max_steps=12", "penalty=r1", "seed=1")
    first = checkpoint(run[0])["state_dict"]
    assert all(torch.equal(value, again["state_dict"][name]) for name, value in first.items() if name[0] != "e")
    assert not torch.equal(first["generator.layers.0.weight"], other["state_dict"]["generator.layers.0.weight"])


@pytest.mark.slow
def test_two_ranks_equal_one_process(tmp_path):
    choices = ["trainer.precision=64-true", "trainer.max_steps=7", "penalty=[r1,gradient_penalty]", "game.n_critic=2"]
    choices += ["optimizer.lr=1e-2", "optimizer.betas=[0.5,0.9]", "architecture.conditional=true"]
    choices += ["optimizer.eps=1e-6"]  # Adam with a smaller one magnifies the rounding of gradients near zero
    one = trained(tmp_path / "one", "trainer=cpu", *choices)
    two = trained(tmp_path / "two", "trainer=ddp_cpu", "trainer.devices=2", *choices)
    assert differences(one[MARK]["clock"], two[MARK]["clock"]) == []
    for name, value in one["state_dict"].items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(two["state_dict"][name], value, rtol=1e-10, atol=1e-12)
    rows = [(tmp_path / name / "metrics.csv").read_text().splitlines()[-1].split(",")[:4] for name in ("one", "two")]
    assert [float(v) for v in rows[0]] == pytest.approx([float(v) for v in rows[1]], rel=1e-5)
    alone, together = (json.loads((tmp_path / name / "summary.json").read_text()) for name in ("one", "two"))
    assert together["metrics"]["metric/frechet"] == pytest.approx(alone["metrics"]["metric/frechet"], rel=1e-5)
    assert together["stamp"] == alone["stamp"]


def test_bf16_mixed_trains_close_to_fp32(tmp_path):
    choices = ["trainer.max_steps=12", "penalty=[r1,gradient_penalty,mean_matching]"]
    full, mixed = (trained(tmp_path / p, *choices, f"trainer.precision={p}") for p in ("32-true", "bf16-mixed"))
    weights = [content["state_dict"]["discriminator.layers.0.weight"] for content in (full, mixed)]
    assert weights[1].dtype == torch.float32
    assert 0 < (weights[0] - weights[1]).norm() / weights[0].norm() < 0.05


def test_a_budget_of_images_ends_the_run_and_can_be_raised(tmp_path):
    assert trained(tmp_path, "training.images=950")["global_step"] == 10
    result = train(f"resume={tmp_path}", "training.images=1000")
    assert result.returncode == 2
    assert "end this run at iteration 10, and" in result.stderr
    result = train(f"resume={tmp_path}", "training.images=1001")
    assert result.returncode == 0, result.stderr
    assert checkpoint(tmp_path)["global_step"] == 11
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"00000010.ckpt", "00000011.ckpt", "best.ckpt", "last.ckpt"}


def test_a_budget_of_seconds_ends_the_run_goes_on_and_can_be_raised(tmp_path):
    content = trained(tmp_path, "training.cpu_seconds=1")
    clock = content["saddle"]["clock"]
    assert 1 <= clock["cpu_seconds"] < 1.6  # one block of iterations more
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["finished"]
    assert summary["cpu_seconds"] == pytest.approx(clock["cpu_seconds"], abs=0.001)
    result = train(f"resume={tmp_path}")
    assert result.returncode == 2
    assert "training.cpu_seconds=1 ends this run" in result.stderr
    (tmp_path / "summary.json").unlink()  # as if it had been killed just before
    assert train(f"resume={tmp_path}").returncode == 0
    assert checkpoint(tmp_path)["global_step"] == content["global_step"]
    assert json.loads((tmp_path / "summary.json").read_text())["finished"]
    result = train(f"resume={tmp_path}", "training.cpu_seconds=2")
    assert result.returncode == 0, result.stderr
    again = checkpoint(tmp_path)
    assert 2 <= again["saddle"]["clock"]["cpu_seconds"] < 2.6
    assert again["global_step"] > 1.3 * content["global_step"]


def test_epochs_and_time_end_a_run(tmp_path):
    assert trained(tmp_path / "epochs", "trainer.max_epochs=2")["global_step"] == 2 * 17
    content = trained(tmp_path / "time", "trainer.max_time=00:00:00:02", "trainer.max_steps=-1")
    assert 0 < content["global_step"] < 100_000
    assert json.loads((tmp_path / "time" / "summary.json").read_text())["seconds"] == pytest.approx(2, abs=1.5)


def test_fast_dev_run_and_overfit_batches_work(tmp_path):
    result = train(*SMALL, f"hydra.run.dir={tmp_path / 'fast'}", "trainer.fast_dev_run=true")
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / "fast").iterdir()} == {".hydra"}
    content = trained(tmp_path / "overfit", "trainer.overfit_batches=2", "trainer.max_epochs=3", "trainer.max_steps=-1")
    assert content["global_step"] == 6


def test_a_classifier_that_is_not_there_is_refused_before_training(tmp_path):
    result = train(*SMALL, f"hydra.run.dir={tmp_path / 'run'}", "callback.quality.extractor=nowhere.safetensors")
    assert result.returncode == 2
    assert "nowhere.safetensors: there is no such file; expected what saddle extractor writes" in result.stderr
    assert not (tmp_path / "run").exists()
