"""The flags of Lightning's Trainer: those that work here, their values, and alternatives to the others."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from saddle.config.signature import signature_of
from saddle.config.validate import check_parameters
from saddle.error import InputError

_QUALITY = "saddle has no validation loop: callback.quality.every_images says when samples are measured"
_SAMPLES = "that loop is not run here: use saddle sample or saddle evaluate on the finished run"
_CLIPPING = "use training.clip_norm.discriminator and training.clip_norm.generator instead"

UNSUPPORTED: dict[str, tuple[Any, str]] = {
    "logger": (..., "use the group logger instead"),
    "callbacks": (..., "use the group callback instead"),
    "plugins": (..., "use the groups of the config instead"),
    "gradient_clip_val": (None, _CLIPPING),
    "gradient_clip_algorithm": (None, _CLIPPING),
    "accumulate_grad_batches": (1, "use training.accumulate instead"),
    "enable_progress_bar": (False, "use callback.progress instead"),
    "use_distributed_sampler": (False, "it would shuffle again: the data module shards by itself"),
    "sync_batchnorm": (False, "the averaged generator samples on one rank alone"),
    "enable_checkpointing": (None, "callback.checkpoint writes them: use checkpoints.every_images and keep"),
    "reload_dataloaders_every_n_epochs": (0, "the data stays in memory, so there is nothing to load again"),
    "enable_autolog_hparams": (True, "saddle logs its settings itself: see the group logger"),
    "model_registry": (None, "saddle uploads nothing"),
    "barebones": (False, "saddle's callbacks need what it takes away: use logger=none and ~callback.NAME"),
    "limit_val_batches": (None, _QUALITY),
    "val_check_interval": (None, _QUALITY),
    "check_val_every_n_epoch": (1, _QUALITY),
    "num_sanity_val_steps": (None, _QUALITY),
    "limit_test_batches": (None, _SAMPLES),
    "limit_predict_batches": (None, _SAMPLES),
    "inference_mode": (True, _SAMPLES),
}
"""Flags that do not work under manual optimization, or that nothing here reads: the value that changes nothing (`...`
for none), and the reason or the alternative."""

_ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
_STRATEGIES = ("auto", "ddp", "ddp_find_unused_parameters_true")
AUTO = "auto"
_PRECISIONS = (AUTO, "32-true", "bf16-mixed", "16-mixed", "64-true", "32", "64")
_PROFILERS = ("simple", "advanced", "pytorch")
_MOST_DEVICES = 1024


@dataclass
class TrainerFlags:
    """The flags that are passed on to Lightning's Trainer, with their types."""

    accelerator: str
    devices: int | str | list[int]
    num_nodes: int
    strategy: str
    precision: str | int
    max_steps: int
    max_epochs: int
    log_every_n_steps: int
    max_time: str | None = None
    min_steps: int | None = None
    min_epochs: int | None = None
    limit_train_batches: float | int | None = None
    overfit_batches: float | int = 0.0
    fast_dev_run: int | bool = False
    deterministic: bool | Literal["warn"] | None = None
    benchmark: bool | None = None
    detect_anomaly: bool = False
    profiler: str | None = None
    default_root_dir: str | None = None
    enable_model_summary: bool | None = None


def check_trainer(node: dict[str, Any]) -> None:
    """Raise InputError for a flag of the config `trainer` that is unknown, unsupported, or has an impossible value."""
    _check_unsupported(node)
    supported = {name: value for name, value in node.items() if name not in UNSUPPORTED}
    for name in ("accelerator", "devices", "num_nodes", "strategy", "max_steps", "max_epochs", "log_every_n_steps"):
        if supported.get(name) is None:
            raise InputError(f"trainer.{name} is missing: it has no default here")
    _check_time(node.get("max_time"))
    _check_device_list(node["devices"])
    check_parameters("trainer", supported, signature_of(TrainerFlags))
    _check_devices(node)
    _check_precision(node)
    _check_lengths(node)
    _check_batches(node)
    if node.get("profiler") not in (None, *_PROFILERS):
        raise InputError(f"trainer.profiler={node['profiler']}: use {', '.join(_PROFILERS)} or null")


def _check_time(duration: Any) -> None:
    """Raise InputError unless a duration is null, or a text of the form that Lightning reads, above zero."""
    if duration is None:
        return
    parts = str(duration).split(":")
    if not isinstance(duration, str) or len(parts) != 4 or not all(re.fullmatch(r"\d{1,9}", part) for part in parts):
        raise InputError(
            f"trainer.max_time={duration}: use DD:HH:MM:SS, as 00:01:30:00 for one and a half hours, or null"
        )
    if not any(int(part) for part in parts):
        raise InputError(f"trainer.max_time={duration} leaves no time to train: use more, or null for no limit")


def _check_unsupported(node: dict[str, Any]) -> None:
    for name, (neutral, reason) in UNSUPPORTED.items():
        if name not in node:
            continue
        value = node[name]
        changes_nothing = value == neutral and isinstance(value, bool) == isinstance(neutral, bool)
        if not changes_nothing:
            raise InputError(f"trainer.{name}={value} does not work here: {reason}")


def _check_devices(node: dict[str, Any]) -> None:
    if node["accelerator"] not in _ACCELERATORS:
        raise InputError(f"trainer.accelerator={node['accelerator']}: use one of {', '.join(_ACCELERATORS)}")
    if node["strategy"] not in _STRATEGIES:
        raise InputError(f"trainer.strategy={node['strategy']} is not supported for two networks: use auto or ddp")
    for name in ("devices", "num_nodes"):
        value = str(node[name])
        if value.isdecimal() and not 1 <= int(value[:10]) <= _MOST_DEVICES:
            raise InputError(f"trainer.{name}={value}: use 1 to {_MOST_DEVICES}")


def _check_device_list(devices: Any) -> None:
    """Raise InputError unless devices are a number, a list of numbers, or a word for all."""
    is_list = isinstance(devices, list) and all(type(device) is int and device >= 0 for device in devices)
    if not is_list and not re.fullmatch(r"auto|-1|\d+(, *\d*)*", str(devices)):
        raise InputError(f"trainer.devices={devices}: use a number, a list as [0,1], or auto or -1 for all")


def _check_precision(node: dict[str, Any]) -> None:
    precision = str(node.get("precision"))
    if precision not in _PRECISIONS:
        reason = "weights in half precision freeze the averaged generator and break penalties; "
        reason = reason if precision.endswith("16-true") else ""
        raise InputError(
            f"trainer.precision={precision} is not supported: {reason}use auto, 32-true, bf16-mixed, 16-mixed "
            "or 64-true"
        )
    if precision == "16-mixed" and not computes_on_cuda(node):
        raise InputError("trainer.precision=16-mixed needs a CUDA device: on a CPU use bf16-mixed or 32-true")


def _check_lengths(node: dict[str, Any]) -> None:
    for name in ("max_steps", "max_epochs"):
        value = node[name]
        if value < -1:
            raise InputError(f"trainer.{name}={value}: use a count of at least 1, or -1 for no limit")
        if value == 0:
            raise InputError(f"trainer.{name}=0 leaves nothing to train: use at least 1, or -1 for no limit")
    if node["log_every_n_steps"] < 1:
        raise InputError(f"trainer.log_every_n_steps={node['log_every_n_steps']} should be at least 1")
    shortest = node.get("min_steps") or 0
    if shortest > node["max_steps"] >= 0:
        raise InputError(
            f"trainer.min_steps={shortest} is more than trainer.max_steps={node['max_steps']}: use at most that"
        )
    for name in ("min_steps", "min_epochs"):
        if (node.get(name) or 0) < 0:
            raise InputError(f"trainer.{name}={node[name]}: use a count of at least 0, or null")


def _check_batches(node: dict[str, Any]) -> None:
    """Raise InputError for a part of the batches that is empty, negative, or more than all of them."""
    share = node.get("limit_train_batches")
    if share == 0:
        raise InputError(f"trainer.limit_train_batches={share} leaves nothing to train on: use 1.0")
    if share is not None and (share < 0 or (isinstance(share, float) and share > 1)):
        raise InputError(
            f"trainer.limit_train_batches={share}: use a share from 0.0 to 1.0, or a whole number of batches"
        )
    overfit = node.get("overfit_batches", 0)
    if overfit < 0 or (isinstance(overfit, float) and overfit != 0):
        raise InputError(f"trainer.overfit_batches={overfit}: use a whole number of batches")
    if node.get("fast_dev_run", 0) < 0:
        raise InputError(f"trainer.fast_dev_run={node['fast_dev_run']}: use true, or a number of iterations")


def computes_on_cuda(node: dict[str, Any]) -> bool:
    """Whether the Trainer with these flags computes on a CUDA device."""
    import torch  # here, because most refusals need no torch

    return node["accelerator"] in ("auto", "gpu", "cuda") and torch.cuda.is_available()


def process_count(node: dict[str, Any]) -> int | None:
    """How many processes the Trainer with these flags trains in; None if only the Trainer can count its devices."""
    devices = node["devices"]
    if isinstance(devices, list):
        return len(devices) * int(node["num_nodes"])
    if not str(devices).isdecimal():  # auto, -1, or a list in a string
        return None
    return int(devices) * int(node["num_nodes"])


def trainer_arguments(node: dict[str, Any]) -> dict[str, Any]:
    """The Trainer's arguments, by name. Several processes always train by DDP that allows for unused parameters.

    Each turn trains some of the networks, so plain DDP would wait for gradients that never come.
    """
    strategy = node["strategy"]
    if strategy == "auto" and process_count(node) != 1:
        strategy = "ddp"
    if strategy == "ddp":
        strategy = "ddp_find_unused_parameters_true"
    return {**node, "strategy": strategy}
