"""One sentence for a run that can no longer read or write its files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.hook import GameTrainer
from saddle.command import training_command
from saddle.error import Failed
from saddle.file import file_of, relative, remedy_of
from saddle.terminal import quoted_for_shell


@contextmanager
def storage_failures_in_one_sentence(trainer: GameTrainer) -> Iterator[None]:
    """Inside, an error of the file system raises Failed, with the failed path and the last safe checkpoint."""
    threading.excepthook = _hide_duplicate_traceback  # TensorBoard's thread meets the same error
    try:
        yield
    except OSError as error:
        if not _is_storage_failure(error):
            raise
        place = file_of(error) or relative(Path(trainer.default_root_dir))
        raise Failed(
            f"{place} cannot be read or written ({error.strerror or error}): {remedy_of(error)}. {_last_safe(trainer)}"
        ) from error


def _is_storage_failure(error: BaseException | None) -> bool:
    """Whether an error comes from the file system, and not from a connection to another process."""
    return isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError)


def _hide_duplicate_traceback(failure: threading.ExceptHookArgs) -> None:
    """Print the traceback of a thread, unless the main thread reports the same failure."""
    if not _is_storage_failure(failure.exc_value):
        threading.__excepthook__(failure)


def _last_safe(trainer: GameTrainer) -> str:
    """One sentence with the last checkpoint and the command that goes on from it."""
    if not Path(trainer.default_root_dir).is_dir():
        return f"If the run was moved, {training_command()} resume=FOLDER goes on with it from its new place"
    for callback in trainer.callbacks:
        if isinstance(callback, LastCheckpoint) and callback.path.is_file():
            folder = quoted_for_shell(relative(callback.path.parent.parent))
            return f"{relative(callback.path)} is whole: {training_command()} resume={folder} goes on from there"
    return "No checkpoint had been written"
