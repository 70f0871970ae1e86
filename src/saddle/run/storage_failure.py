"""One sentence for a run that can no longer write, because the disk is full or the folder read-only."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.hook import GameTrainer
from saddle.command import training_command
from saddle.error import Failed
from saddle.file import relative
from saddle.terminal import quoted_for_shell

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NOT_ALLOWED = {errno.EROFS, errno.EACCES, errno.EPERM}
_MAKE_WRITABLE = "make it writable, or close the program that has it open" if os.name == "nt" else "make it writable"


@contextmanager
def storage_failures_in_one_sentence(trainer: GameTrainer) -> Iterator[None]:
    """Inside, a disk that is full or read-only raises Failed, with the failed path and the last safe checkpoint."""
    threading.excepthook = _hide_duplicate_traceback  # TensorBoard's thread meets the same error
    try:
        yield
    except OSError as error:
        if not _is_storage_failure(error):
            raise
        remedy = "make room" if error.errno in _NO_ROOM else _MAKE_WRITABLE
        file = error.filename
        if not isinstance(file, str | bytes):  # some errors name no file, or only a descriptor
            file = trainer.default_root_dir
        place = relative(Path(os.fsdecode(file)))
        raise Failed(f"{place} cannot be written ({error.strerror}): {remedy}. {_last_safe(trainer)}") from error


def _is_storage_failure(error: BaseException | None) -> bool:
    """Whether the disk is full or read-only."""
    return isinstance(error, OSError) and error.errno in (_NO_ROOM | _NOT_ALLOWED)


def _hide_duplicate_traceback(failure: threading.ExceptHookArgs) -> None:
    """Print the traceback of a thread, unless the main thread reports the same failure."""
    if not _is_storage_failure(failure.exc_value):
        threading.__excepthook__(failure)


def _last_safe(trainer: GameTrainer) -> str:
    """One sentence with the last checkpoint and the command that goes on from it."""
    for callback in trainer.callbacks:
        if isinstance(callback, LastCheckpoint) and callback.path.is_file():
            folder = quoted_for_shell(relative(callback.path.parent.parent))
            return f"{relative(callback.path)} is whole: {training_command()} resume={folder} goes on from there"
    return "No checkpoint had been written"
