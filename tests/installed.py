"""Environments in which saddle and packages beside it are installed from wheels, as users have them."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from helpers import REPOSITORY


def wheel(source: Path, folder: Path) -> Path:
    """The wheel of the project in `source`, built into `folder`."""
    before = set(folder.glob("*.whl"))
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(source)], check=True)
    (built,) = set(folder.glob("*.whl")) - before
    return built


class Installed:
    """A fresh environment in `folder` with wheels of these projects; what they depend on comes from this one."""

    def __init__(self, folder: Path, *sources: Path) -> None:
        venv.create(folder, symlinks=os.name != "nt")
        scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = scripts / Path(sys.executable).name
        self.saddle = scripts / "saddle"
        names = {"base": str(folder), "platbase": str(folder)}
        packages = Path(sysconfig.get_path("purelib", vars=names))
        packages.mkdir(parents=True, exist_ok=True)
        (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        wheels = [wheel(source, folder) for source in sources]
        install = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--no-deps", "--no-index"]
        subprocess.run([*install, "--force-reinstall", "--quiet", *map(str, wheels)], check=True)

    def run(self, *command: str, cwd: Path, **environment: str) -> str:
        """What a command of the environment prints on both streams; fails unless it exits with 0."""
        code, text = self.outcome(*command, cwd=cwd, **environment)
        assert code == 0, text
        return text

    def outcome(self, *command: str, cwd: Path, **environment: str) -> tuple[int, str]:
        """The exit code of `saddle COMMAND ...` and what it prints on both streams."""
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        result = subprocess.run(
            [str(self.saddle), *command],
            cwd=cwd,
            env={**variables, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        return result.returncode, result.stdout


EXAMPLE = REPOSITORY / "examples" / "own_parts"
