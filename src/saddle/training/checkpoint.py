"""Checkpoint files: written whole or not at all, read without executing anything."""

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning.fabric.plugins import CheckpointIO
from torch import Tensor, nn

from saddle.error import InputError
from saddle.file import replacing

MARK = "saddle"
"""The key under which saddle keeps what is its own in a checkpoint; a file without it is foreign."""


class AtomicCheckpointIO(CheckpointIO):
    """Writes beside the target, syncs, and replaces: a kill at any instant leaves the old file or the new one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        Path(path).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint that saddle wrote, on the CPU; only tensors and plain values are read.

    Raises InputError, in one sentence, if the file is missing, empty, damaged, or was not written by saddle.
    """
    if path.is_dir() or not path.exists():
        raise InputError(f"{path}: expected a checkpoint file, found {'a folder' if path.is_dir() else 'nothing'}")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the checkpoint is empty; use another one")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path}: not a checkpoint, or a truncated one; use another one")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(f"{path}: holds more than tensors and plain values, so it was not read") from error
    except (RuntimeError, EOFError, OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: the checkpoint is damaged ({str(error).splitlines()[0]})") from error
    mark = content.get(MARK) if isinstance(content, dict) else None
    if not isinstance(mark, dict) or not {"clock", "record"} <= mark.keys() or "state_dict" not in content:
        raise InputError(f"{path}: this file was not written by saddle")
    return content


def set_loop_counters(fit_loop: dict[str, Any], iteration: int, batches_per_epoch: int) -> None:
    """Set the counters in Lightning's saved `fit_loop` to what they mean after `iteration` batches, in place.

    What Lightning saves depends on the hook that saves, and from some hooks it resumes in the wrong epoch. Inside an
    epoch the state is that of the hook `on_train_batch_end`; between two epochs the next one has not begun.
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


def check_fits(state: dict[str, Tensor], network: nn.Module, path: Path, prefix: str = "") -> None:
    """Raise InputError, naming the first parameter that differs, if `state` is of another architecture."""
    model = {prefix + name: value for name, value in network.state_dict().items()}
    stored = {name: value for name, value in state.items() if name.startswith(prefix)}
    for name in [*model, *stored]:
        ours, theirs = model.get(name), stored.get(name)
        shapes = [tuple(v.shape) if isinstance(v, Tensor) else v is not None for v in (theirs, ours)]
        if shapes[0] != shapes[1]:
            raise InputError(
                f"{path} is of another architecture: {name} is {_shape(theirs)} in the file, {_shape(ours)} in the "
                "model"
            )


def _shape(value: Any) -> str:
    return "absent" if value is None else str(tuple(value.shape)) if isinstance(value, Tensor) else "present"
