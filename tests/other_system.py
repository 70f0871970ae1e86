"""A stand-in for Windows: `train.py` or `saddle`, run without what Windows lacks.

    python tests/other_system.py train data=digits
    python tests/other_system.py saddle sample RUN --out grid.png

The libraries are loaded first, because on Linux they need what is hidden from then on. saddle, but for its mend of
torchvision, is loaded last and has to do without: modules, functions and signals of POSIX are gone, and folders cannot
be opened.
"""

import ctypes
import importlib
import os
import signal
import sys
import warnings
from pathlib import Path
from types import ModuleType, SimpleNamespace

LIBRARIES = ("saddle.compat", "torchvision", "lightning.pytorch.loggers", "torch.utils.tensorboard", "hydra")
LIBRARIES += ("omegaconf", "hydra._internal.hydra", "hydra.core.override_parser.overrides_parser", "filelock")
LIBRARIES += ("pydantic", "scipy.linalg", "matplotlib.pyplot", "PIL.Image", "safetensors.torch", "multiprocessing.pool")

MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline", "curses", "spwd", "crypt"}
"""Modules that Python has on POSIX systems only."""

OF_OS = {"sysconf", "sched_getaffinity", "sched_yield", "fork", "forkpty", "killpg", "setsid", "getpgid", "setpgid"}
OF_OS |= {"getuid", "geteuid", "getgid", "getloadavg", "mkfifo", "nice", "uname", "statvfs", "wait", "WIFSIGNALED"}
OF_OS |= {"posix_fadvise", "chown", "fchmod", "fchown", "sync", "register_at_fork", "confstr", "getpgrp"}
OF_OS |= {"O_DIRECTORY", "O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW", "O_SYNC"}
"""Attributes of `os` that Windows lacks."""

OF_SIGNAL = {"SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGQUIT", "SIGALRM", "SIGPIPE", "SIGCHLD", "SIGSTOP", "alarm"}
OF_SIGNAL |= {"pthread_sigmask", "sigwait", "setitimer", "pause", "siginterrupt", "pthread_kill", "sigpending"}
"""Attributes of `signal` that Windows lacks."""


class _Refuser:
    """Refuses to find the modules of POSIX."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def without(module: ModuleType, hidden: set[str]) -> ModuleType:
    """A module that lacks some attributes of `module`."""
    lacking = ModuleType(module.__name__)
    for name, value in vars(module).items():
        if name not in hidden:
            setattr(lacking, name, value)
    return lacking


def open_file(path, flags, *rest, **named):
    """`os.open`, which on Windows opens no folders."""
    if isinstance(path, str | os.PathLike) and Path(path).is_dir():
        raise PermissionError(13, "Permission denied", str(path))
    return os.open(path, flags, *rest, **named)


def memory_status(status) -> int:
    """As Windows, writes 8 GiB of memory after the structure's length and a share in percent, 4 bytes each."""
    ctypes.c_uint64.from_buffer(status._obj, 8).value = 8 * 2**30
    return ctypes.c_uint32.from_buffer(status._obj).value == 64  # the length that Windows asks for


def hide() -> None:
    """Take away what Windows lacks, from all that is imported from now on."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Refuser())
    sys.modules["signal"] = without(signal, OF_SIGNAL)
    system = sys.modules["os"] = without(os, OF_OS)
    system.name, system.open = "nt", open_file
    ctypes.windll = SimpleNamespace(kernel32=SimpleNamespace(GlobalMemoryStatusEx=memory_status))


if __name__ == "__main__":
    hide()
    command, *sys.argv[1:] = sys.argv[1:]
    sys.argv[0] = str(Path(__file__).parents[1] / "train.py")
    warnings.filterwarnings("error", category=EncodingWarning, module="saddle")  # with -X warn_default_encoding
    from saddle import cli

    sys.exit({"train": cli.train, "saddle": cli.main}[command]())
