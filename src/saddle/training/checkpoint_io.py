"""Writing checkpoint files: completely or not at all."""

import os
from pathlib import Path
from typing import Any, BinaryIO

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning.fabric.plugins import CheckpointIO

from saddle.file import replacing
from saddle.interrupt import whole
from saddle.seal import seal
from saddle.training.checkpoint import read_checkpoint


class AtomicCheckpointIO(CheckpointIO):
    """Writes a temporary file with a digest, syncs it, and replaces the target.

    A kill at any instant leaves the old file or the new one. Raises OSError, naming the target, if the disk is full.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        path = Path(path)
        path.parent.mkdir(exist_ok=True)  # not above: a run's folder that is gone was moved
        try:
            with whole(), replacing(path) as temporary, temporary.open("w+b") as file:
                _write(checkpoint, file)
            _sync_folder(path.parent)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        Path(path).unlink(missing_ok=True)


def _write(checkpoint: dict[str, Any], file: BinaryIO) -> None:
    try:
        torch.save(checkpoint, file)
    except RuntimeError as error:  # torch's own, which hides the reason
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise
    seal(file)
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the replaced name durable, where folders can be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # on Windows
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
