"""Fault 18: each flag of Lightning's Trainer does here what it says, or is refused with what to use instead."""

import inspect
import json

import pytest
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, ModelSummary, Timer
from lightning.pytorch.plugins.precision import DoublePrecision, MixedPrecision
from lightning.pytorch.profilers import SimpleProfiler

from helpers import checkpoint, train
from hostile import outcome
from saddle.config.compose import compose
from saddle.factory.run import build

REFUSED = {  # the flag, a value that Lightning takes, and what saddle's sentence names
    "logger": ("false", "the group logger"),
    "callbacks": ("null", "the group callback"),
    "plugins": ("[]", "the groups of the config"),
    "limit_val_batches": ("3", "callback.quality.every_images"),
    "limit_test_batches": ("3", "saddle evaluate"),
    "limit_predict_batches": ("3", "saddle sample"),
    "val_check_interval": ("0.5", "callback.quality.every_images"),
    "check_val_every_n_epoch": ("2", "callback.quality.every_images"),
    "num_sanity_val_steps": ("1", "callback.quality.every_images"),
    "enable_checkpointing": ("false", "checkpoints.every_images"),
    "enable_progress_bar": ("true", "callback.progress"),
    "accumulate_grad_batches": ("2", "training.accumulate"),
    "gradient_clip_val": ("1.0", "training.clip_norm.discriminator"),
    "gradient_clip_algorithm": ("norm", "training.clip_norm.discriminator"),
    "inference_mode": ("false", "saddle sample"),
    "use_distributed_sampler": ("true", "the data module shards by itself"),
    "barebones": ("true", "logger=none"),
    "sync_batchnorm": ("true", "the averaged generator samples on one rank alone"),
    "reload_dataloaders_every_n_epochs": ("1", "the data stays in memory"),
    "enable_autolog_hparams": ("false", "the group logger"),
    "model_registry": ("name", "saddle uploads nothing"),
}
PASSED = {  # the flag, a value other than the config's, and where it is seen to have arrived
    "accelerator": ("cpu", lambda t: type(t.accelerator).__name__ == "CPUAccelerator"),
    "strategy": ("ddp", lambda t: getattr(t.strategy, "_ddp_kwargs", {}).get("find_unused_parameters")),
    "devices": ("2", lambda t: t.num_devices == 2),
    "num_nodes": ("2", lambda t: t.num_nodes == 2),
    "precision": ("bf16-mixed", lambda t: isinstance(t.precision_plugin, MixedPrecision)),
    "fast_dev_run": ("2", lambda t: t.fast_dev_run == 2 and t.max_steps == 2),
    "max_epochs": ("3", lambda t: t.max_epochs == 3),
    "min_epochs": ("2", lambda t: t.min_epochs == 2),
    "max_steps": ("7", lambda t: t.max_steps == 7),
    "min_steps": ("3", lambda t: t.min_steps == 3),
    "max_time": ("'00:00:00:09'", lambda t: any(isinstance(c, Timer) and c._duration == 9 for c in t.callbacks)),
    "limit_train_batches": ("4", lambda t: t.limit_train_batches == 4),
    "overfit_batches": ("2", lambda t: t.overfit_batches == 2),
    "log_every_n_steps": ("3", lambda t: t.log_every_n_steps == 3),
    "enable_model_summary": ("true", lambda t: any(isinstance(c, ModelSummary) for c in t.callbacks)),
    "deterministic": ("true", lambda t: torch.are_deterministic_algorithms_enabled()),
    "benchmark": ("true", lambda t: torch.backends.cudnn.benchmark),
    "profiler": ("simple", lambda t: isinstance(t.profiler, SimpleProfiler)),
    "detect_anomaly": ("true", lambda t: t._detect_anomaly),
    "default_root_dir": ("elsewhere", lambda t: t.default_root_dir.endswith("elsewhere")),
}
CANNOT = {  # values that no saddle run can have
    "accelerator=tpu": "trainer.accelerator=tpu: use one of auto, cpu, gpu, cuda, mps",
    "strategy=fsdp": "trainer.strategy=fsdp is not supported for two networks: use auto or ddp",
    "strategy=ddp_spawn": "trainer.strategy=ddp_spawn is not supported",
    "devices=0": "trainer.devices=0: use 1 to 1024",
    "devices=[0,1]": "`devices`",
    "num_nodes=-1": "`num_nodes` must be a positive integer",
    "precision=bf16-true": "trainer.precision=bf16-true is not supported: weights in half precision freeze",
    "precision=16-true": "trainer.precision=16-true is not supported",
    "precision=transformer-engine": "trainer.precision=transformer-engine is not supported",
    "precision=16": "trainer.precision=16 is not supported",
    "limit_train_batches=0": "trainer.limit_train_batches=0 leaves nothing to train on: use 1.0",
    "limit_train_batches=1.5": "use a share from 0.0 to 1.0, or a whole number of batches",
    "overfit_batches=0.5": "trainer.overfit_batches=0.5: use a whole number of batches",
    "max_time=5m": "use DD:HH:MM:SS, as 00:01:30:00",
    "max_time={days:1}": "trainer.max_time={'days': 1}: use DD:HH:MM:SS",
    "min_steps=9000": "trainer.min_steps=9000 is more than trainer.max_steps=7500",
    "profiler=xla": "trainer.profiler=xla: use simple, advanced, pytorch or null",
    "profiler=nothing": "trainer.profiler=nothing: use simple, advanced, pytorch or null",
    "max_steps=-7": "trainer.max_steps=-7: use a count of at least 1",
    "log_every_n_steps=0": "trainer.log_every_n_steps=0 should be at least 1",
}
SMALL = ("data=digits", "architecture=mlp")


def test_every_flag_is_in_one_of_the_tables():
    assert sorted([*REFUSED, *PASSED]) == sorted(inspect.signature(Trainer).parameters)


@pytest.mark.parametrize("flag", REFUSED)
def test_what_does_not_work_here_is_refused_naming_what_does(flag):
    value, instead = REFUSED[flag]
    sentence = outcome([*SMALL, f"++trainer.{flag}={value}"])
    assert sentence is not None
    assert sentence.startswith(f"trainer.{flag}=")
    assert instead in sentence
    assert "\n" not in sentence


@pytest.mark.slow
@pytest.mark.parametrize("flag", PASSED)
def test_what_works_arrives_at_the_trainer(flag):
    value, arrived = PASSED[flag]
    try:
        before = build(compose([*SMALL, "trainer=cpu"])).trainer
        assert flag == "accelerator" or not arrived(before)  # the value is another than the config's
        assert arrived(build(compose([*SMALL, "trainer=cpu", f"++trainer.{flag}={value}"])).trainer)
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = False


@pytest.mark.parametrize(("override", "message"), CANNOT.items())
def test_a_value_that_cannot_work_is_refused(override, message):
    sentence = outcome([*SMALL, "trainer=cpu", f"++trainer.{override}"])
    assert sentence is not None
    assert message.lower() in sentence.lower()
    assert "\n" not in sentence


@pytest.mark.skipif(torch.cuda.is_available(), reason="float16 is for GPUs")
def test_float16_on_a_cpu_is_refused_and_never_becomes_bfloat16():
    sentence = outcome([*SMALL, "trainer.precision=16-mixed"])
    assert sentence == "trainer.precision=16-mixed needs a CUDA device: on a CPU use bf16-mixed or 32-true"


@pytest.mark.parametrize("precision", ["64", "'64'", "64-true"])
def test_every_spelling_of_float64_makes_weights_of_float64(precision):
    built = build(compose([*SMALL, f"trainer.precision={precision}"]))
    assert isinstance(built.trainer.precision_plugin, DoublePrecision)
    assert {weight.dtype for weight in built.module.parameters()} == {torch.float64}


def test_without_our_checkpoints_lightning_writes_none_of_its_own():
    trainer = build(compose([*SMALL, "~callback.checkpoint"])).trainer
    assert not any(isinstance(callback, ModelCheckpoint) for callback in trainer.callbacks)


def test_many_flags_at_once_train(tmp_path):
    quiet = [*SMALL, "data.batch_size=100", "callback.quality.num=100", f"hydra.run.dir={tmp_path / 'run'}"]
    flags = [
        "max_epochs=2",
        "limit_train_batches=3",
        "log_every_n_steps=1",
        "deterministic=true",
        "detect_anomaly=true",
    ]
    flags += [
        "profiler=simple",
        "enable_model_summary=true",
        "min_steps=4",
        "max_time='00:00:10:00'",
        "benchmark=false",
    ]
    result = train(*quiet, *(f"trainer.{flag}" for flag in flags), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert checkpoint(tmp_path / "run")["global_step"] == 6
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["iterations"] == 6
    said = result.stdout + result.stderr
    assert "run_training_epoch" in said  # the profiler's report
    assert "Trainable params" in said  # the summary of the model
