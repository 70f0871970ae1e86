"""Reads checkpoints without executing code. `saddle.training.checkpoint_io` writes them."""

import pickle
import pickletools
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saddle.error import InputError, first_line
from saddle.seal import check_sound

MARK = "saddle"
"""The key of saddle's own entry in a checkpoint; saddle wrote no file without it."""

FORMAT = 2
"""The version of that entry; saddle 0.1 wrote none."""

_PLAIN = re.compile(r"collections OrderedDict|torch\._utils _rebuild_tensor_v2|torch \w+Storage")
"""The names that the pickle of plain values and tensors imports."""

_IMPORTING = {"GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"}
"""The opcodes of a pickle that import."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU; only tensors and plain values are read.

    Raises InputError if the file is missing, empty, damaged, or was not written by this version of saddle.
    """
    check_sound(path)
    return read_sound_checkpoint(path)


def read_sound_checkpoint(path: Path) -> dict[str, Any]:
    """The content, as `read_checkpoint`, of a file that has passed `saddle.seal.check_sound`: no second digest."""
    try:
        foreign = [name for name in _names(path) if not _PLAIN.fullmatch(name)]
        content = None if foreign else torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(f"{path}: holds more than tensors and plain values, so it was not read") from error
    except Exception as error:  # a crafted file can make torch raise nearly any exception
        reason = first_line(error)
        raise InputError(f"{path}: the checkpoint is damaged ({reason})") from error
    if foreign:
        raise InputError(f"{path}: holds more than tensors and plain values ({foreign[0][:80]!a}), so it was not read")
    if content is None or not _is_ours(content):
        raise InputError(f"{path}: this file was not written by saddle")
    if content[MARK].get("format") != FORMAT:
        raise InputError(f"{path}: another version of saddle wrote this; open it with that one, or train anew")
    return content


def _names(path: Path) -> set[str]:
    """The imports of the pickle in a checkpoint, as `module name`; a crafted file can raise nearly any exception."""
    with zipfile.ZipFile(path) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        names: set[str] = set()
        for code, argument, _ in pickletools.genops(archive.read(name)):
            if code.name in _IMPORTING:
                names.add(str(argument or code.name))
    return names


def _is_ours(content: Any) -> bool:
    """Whether the content of a checkpoint has the entries of saddle, each of its type."""
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
        return False
    if not all(isinstance(name, str) for name in content["state_dict"]):
        return False
    mark = content.get(MARK)
    if not isinstance(mark, dict) or not isinstance(mark.get("record"), dict):
        return False
    clock = mark.get("clock")
    if not isinstance(clock, dict) or not isinstance(clock.get("updates"), dict):
        return False
    return (
        _is_count(clock.get("iteration")) and _is_count(clock.get("images")) and _are_shares(mark.get("label_shares"))
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def _are_shares(value: Any) -> bool:
    """Whether a value is the shares of classes, or None, as in a file that does not hold them."""
    return value is None or (isinstance(value, list) and all(isinstance(share, float) for share in value))


def set_loop_counters(fit_loop: dict[str, Any], iteration: int, batches_per_epoch: int) -> None:
    """Set the counters in Lightning's saved `fit_loop` to their values after `iteration` batches, in place.

    The counters that Lightning saves depend on the hook that saves, and from some hooks it resumes in the wrong epoch.
    Inside an epoch the state is that of the hook `on_train_batch_end`; between two epochs the next one has not begun.
    """
    epochs, position = divmod(iteration, batches_per_epoch)
    begun = epochs + (position > 0)
    epoch = {"ready": begun, "started": begun, "processed": epochs, "completed": epochs}
    for counter in ("total", "current"):
        fit_loop["epoch_progress"][counter].update(epoch)
    progress = fit_loop["epoch_loop.batch_progress"]
    progress["is_last_batch"] = False
    fit_loop["epoch_loop.state_dict"]["_batches_that_stepped"] = iteration - 1  # Lightning adds one on resume
    for counter, done in (("total", iteration), ("current", position)):
        completed = done - 1 if position else done
        progress[counter].update(ready=done, started=done, processed=done, completed=completed)


def prefix_of(network: str, state: Mapping[str, Any]) -> str | None:
    """What the names of a network's tensors begin with in a checkpoint's `state`, those of its average if it has one.

    None if the checkpoint holds no such network.
    """
    for prefix in (f"ema.networks.{network}.", f"{network}."):
        if any(name.startswith(prefix) for name in state):
            return prefix
    return None


def without_prefix(state: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The tensors of a checkpoint's `state` whose names begin with `prefix`, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def check_fits(state: dict[str, Tensor], network: nn.Module, path: Path, prefix: str = "") -> None:
    """Raise InputError, naming the first parameter that differs, if `state` is of another architecture.

    `state` is that of the checkpoint `path`; the network's names follow `prefix` in it.
    """
    model = {prefix + name: value for name, value in network.state_dict().items()}
    stored = {name: value for name, value in state.items() if name.startswith(prefix)}
    for name in [*model, *stored]:
        shape, stored_shape = _shape(model.get(name)), _shape(stored.get(name))
        if stored_shape != shape:
            raise InputError(
                f"{path} is of another architecture: {name} is {stored_shape} in the file, {shape} in the model"
            )


def _shape(value: Any) -> str:
    """The shape of a tensor in words; extra states of modules have none."""
    if value is None:
        return "absent"
    return str(tuple(value.shape)) if isinstance(value, Tensor) else "present"
