"""Trainer flags that would be ignored here, or would do something other than they say: refused with what to use."""

from typing import Any

from saddle.error import InputError

_INSTEAD = {
    "logger": (..., "the group logger"),
    "callbacks": (..., "the group callback"),
    "plugins": (..., "the groups of the config"),
    "enable_progress_bar": (False, "callback.progress"),
    "gradient_clip_val": (None, "training.clip_norm.discriminator and training.clip_norm.generator"),
    "gradient_clip_algorithm": (None, "training.clip_norm.discriminator and training.clip_norm.generator"),
    "accumulate_grad_batches": (1, "training.accumulate"),
}
"""Flags that do not work, the value that says nothing, and what to use."""
_QUALITY = "saddle has no validation loop: callback.quality.every_images says when samples are measured"
_SAMPLES = "that loop is not run here: use saddle sample or saddle evaluate on the finished run"
_IGNORED: dict[str, tuple[Any, str]] = {
    "limit_val_batches": (None, _QUALITY),
    "val_check_interval": (None, _QUALITY),
    "check_val_every_n_epoch": (1, _QUALITY),
    "num_sanity_val_steps": (None, _QUALITY),
    "limit_test_batches": (None, _SAMPLES),
    "limit_predict_batches": (None, _SAMPLES),
    "inference_mode": (True, _SAMPLES),
    "enable_checkpointing": (
        None,
        "callback.checkpoint writes them: use checkpoints.every_images and keep",
    ),
    "reload_dataloaders_every_n_epochs": (0, "the data stays in memory, so there is nothing to load again"),
    "enable_autolog_hparams": (
        True,
        "saddle tells the loggers its settings itself: see the group logger",
    ),
    "model_registry": (None, "saddle uploads nothing"),
    "barebones": (False, "saddle's callbacks need what it takes away: use logger=none and ~callback.NAME"),
}
"""Flags that nothing here reads, the value that says nothing, and why or what to use instead."""
_ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
_MOST = 1024


def check_flags(node: dict[str, Any]) -> None:
    """Raise InputError for a flag of the config `trainer` that does not work here, or would be ignored."""
    for name, (neutral, instead) in _INSTEAD.items():
        if node.get(name, neutral) != neutral:
            raise InputError(
                f"trainer.{name}={node[name]} does not work under saddle's manual optimization: use {instead} instead"
            )
    for name, (neutral, reason) in _IGNORED.items():
        value = node.get(name, neutral)
        if value is not None and (value != neutral or isinstance(value, bool) != isinstance(neutral, bool)):
            raise InputError(f"trainer.{name}={value}: {reason}; leave it out")


def check_values(node: dict[str, Any]) -> None:
    """Raise InputError for a value, of the right type, by which a flag would ask for what cannot be."""
    if node.get("accelerator", "auto") not in _ACCELERATORS:
        raise InputError(f"trainer.accelerator={node['accelerator']}: use one of {', '.join(_ACCELERATORS)}")
    for name in ("devices", "num_nodes"):
        value = str(node.get(name))
        if value.isdecimal() and not 1 <= int(value[:10]) <= _MOST:
            raise InputError(f"trainer.{name}={value}: use 1 to {_MOST}")
    if node.get("limit_train_batches") == 0:
        raise InputError(
            f"trainer.limit_train_batches={node['limit_train_batches']} leaves nothing to train on: use 1.0"
        )
    if node.get("profiler") == "xla":
        raise InputError("trainer.profiler=xla: use simple, advanced or pytorch")
    if (node.get("min_steps") or 0) > (last := node.get("max_steps", -1)) >= 0:
        raise InputError(
            f"trainer.min_steps={node['min_steps']} is more than trainer.max_steps={last}: use at most that"
        )
    if isinstance(node.get("max_time"), dict):
        raise InputError(f"trainer.max_time={node['max_time']}: use DD:HH:MM:SS")
