"""train.py in processes that begin with everything loaded, as torch and Lightning take seconds.

Python's fork server loads them once for each worker of pytest, does nothing else, and is forked for each run. Windows
has none, and macOS does not support a fork of what torch has loaded.
"""

import atexit
import multiprocessing
import os
import subprocess
import sys
import tempfile
from functools import cache
from multiprocessing.context import BaseContext
from pathlib import Path
from subprocess import CompletedProcess

_LONGEST = 300  # seconds


def run(script: Path, arguments: tuple[str, ...], cwd: Path, environment: dict[str, str]) -> CompletedProcess:
    """What `python SCRIPT ARGUMENTS` says and exits with."""
    if sys.platform != "linux":
        command = [sys.executable, str(script), *arguments]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=_LONGEST, check=False
        )
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("out", "err")]
        process = _server().Process(target=_play, args=(str(script), arguments, str(cwd), environment, *map(str, said)))
        process.start()
        process.join(_LONGEST)
        if process.is_alive():
            process.kill()
            process.join()
        output, errors = (file.read_text() for file in said)
    return CompletedProcess(arguments, process.exitcode, output, errors)


@cache
def _server() -> BaseContext:
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["saddle.run.train", "saddle.cli.launch", "torchvision", "torch.utils.tensorboard"])
    return server


def _play(script: str, arguments: tuple[str, ...], cwd: str, environment: dict[str, str], out: str, err: str) -> None:
    for descriptor, name in enumerate((out, err), start=1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [script, *arguments]
    from saddle.cli import train

    try:
        train()
    finally:
        atexit._run_exitfuncs()  # multiprocessing leaves them out
