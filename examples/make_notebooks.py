"""Run the notebooks beside this file and write them with outputs: `python examples/make_notebooks.py [NAME ...]`.

NAME is that of a file without its ending, by default all. The notebooks and what their runs write lie in
outputs/notebooks. Needs the packages of the extra `test`.
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "outputs" / "notebooks"
SECONDS_PER_CELL = 1800


def names() -> list[str]:
    """The notebooks of this folder, by the names of their files: those that begin with settings for jupytext."""
    return [file.stem for file in sorted(HERE.glob("*.py")) if file.read_text("utf-8").startswith("# ---\n")]


def read(name: str, replaced: Mapping[str, str] | None = None) -> NotebookNode:
    """A notebook without outputs; each text in `replaced` stands in its code and gives way to another one."""
    text = (HERE / f"{name}.py").read_text(encoding="utf-8")
    for old, new in (replaced or {}).items():
        if old not in text:
            raise ValueError(f"{name}.py does not hold {old!r}")
        text = text.replace(old, new)
    return jupytext.reads(text, fmt="py:percent")


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """The notebook with its outputs, after a kernel of this Python has run it in `folder`."""
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, kernel_name="python3", timeout=SECONDS_PER_CELL, resources=resources).execute()


def make(name: str, out: Path) -> Path:
    """Run one notebook in `out`, and write it there with its outputs."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.ipynb"
    nbformat.write(execute(read(name), out), path)
    return path


def seconds_of_children() -> float:
    """CPU seconds of the kernels that have ended, with their own children; 0 on Windows."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    """Make the notebooks that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(names()))
    chosen = parser.parse_args().names or names()
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        parser.error(f"there is no notebook {unknown[0]}; there are {', '.join(names())}")
    for name in chosen:
        start, computed = time.monotonic(), seconds_of_children()
        path = make(name, OUT)
        seconds, cpu_seconds = time.monotonic() - start, seconds_of_children() - computed
        print(f"{path.relative_to(HERE.parent)}  {seconds:.0f} s, {cpu_seconds:.0f} CPU s", file=sys.stderr)


if __name__ == "__main__":
    main()
