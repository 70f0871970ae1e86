"""What a run says when it can no longer write: the disk is full, or the folder read-only."""

import errno
import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
from lightning import Trainer

from saddle.callback.checkpoint import LastCheckpoint
from saddle.error import Failed
from saddle.file import relative

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def writing_fails_in_words(trainer: Trainer) -> Iterator[None]:
    """A disk that is full or read-only ends the run with Failed: what could not be written, and what is kept."""
    threading.excepthook = _without_the_same  # TensorBoard's thread meets it, too, before or while the process ends
    try:
        yield
    except OSError as error:
        if not _is_met(error):
            raise
        mend = "make room" if error.errno in _NO_ROOM else "make it writable"
        place = relative(Path(os.fsdecode(error.filename or trainer.default_root_dir)))
        raise Failed(f"{place} cannot be written ({error.strerror}): {mend}. {_kept(trainer)}") from error


def _is_met(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in _NO_ROOM | _NOT_ALLOWED


def _without_the_same(met: threading.ExceptHookArgs) -> None:
    if not _is_met(met.exc_value):
        threading.__excepthook__(met)


def _kept(trainer: Trainer) -> str:
    """Where the run can go on from."""
    paths = [callback.path for callback in trainer.callbacks if isinstance(callback, LastCheckpoint)]
    found = [path for path in paths if path.is_file()]
    if not found:
        return "No checkpoint had been written"
    folder = relative(found[0].parent.parent)
    return f"{relative(found[0])} is whole: python train.py resume={shlex.quote(str(folder))} goes on from there"
