"""train.py in processes that begin with everything loaded, as torch and Lightning take seconds.

Python's fork server loads them once for each worker of pytest, does nothing else, and is forked for each run.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from subprocess import CompletedProcess

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["saddle.run.train", "saddle.cli.launch", "torchvision", "torch.utils.tensorboard"])
_LONGEST = 300  # seconds


def run(script: Path, arguments: tuple[str, ...], cwd: Path, environment: dict[str, str]) -> CompletedProcess:
    """What `python SCRIPT ARGUMENTS` says and exits with."""
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("out", "err")]
        process = _SERVER.Process(target=_play, args=(str(script), arguments, str(cwd), environment, *map(str, said)))
        process.start()
        process.join(_LONGEST)
        if process.is_alive():
            process.kill()
            process.join()
        output, errors = (file.read_text() for file in said)
    return CompletedProcess(arguments, process.exitcode, output, errors)


def _play(script: str, arguments: tuple[str, ...], cwd: str, environment: dict[str, str], out: str, err: str) -> None:
    for descriptor, name in enumerate((out, err), start=1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [script, *arguments]
    from saddle.cli import train

    train()
