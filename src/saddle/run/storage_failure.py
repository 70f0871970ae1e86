"""What a run says when it can no longer write: the disk is full, or the folder read-only."""

import errno
import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.hook import GameTrainer
from saddle.error import Failed
from saddle.file import relative

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NOT_ALLOWED = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def storage_failures_in_one_sentence(trainer: GameTrainer) -> Iterator[None]:
    """A disk that is full or read-only ends the run with Failed: what could not be written, and what is safe."""
    threading.excepthook = _hide_duplicate_traceback  # TensorBoard's thread meets the same error
    try:
        yield
    except OSError as error:
        if not _is_storage_failure(error):
            raise
        remedy = "make room" if error.errno in _NO_ROOM else "make it writable"
        place = relative(Path(os.fsdecode(error.filename or trainer.default_root_dir)))
        raise Failed(f"{place} cannot be written ({error.strerror}): {remedy}. {_last_safe(trainer)}") from error


def _is_storage_failure(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in _NO_ROOM | _NOT_ALLOWED


def _hide_duplicate_traceback(failure: threading.ExceptHookArgs) -> None:
    if not _is_storage_failure(failure.exc_value):
        threading.__excepthook__(failure)


def _last_safe(trainer: GameTrainer) -> str:
    """Where the run can go on from."""
    for callback in trainer.callbacks:
        if isinstance(callback, LastCheckpoint) and callback.path.is_file():
            folder = shlex.quote(str(relative(callback.path.parent.parent)))
            return f"{relative(callback.path)} is whole: python train.py resume={folder} goes on from there"
    return "No checkpoint had been written"
