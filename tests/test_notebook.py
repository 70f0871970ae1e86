"""saddle in a notebook, played by a real kernel, whose event loop runs while a cell does."""

import sys

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

from helpers import REPOSITORY

SMALL = '"data=digits", "architecture=mlp", "data.batch_size=8", "logger=none", "callback.quality.num=50"'

CHECKS = f"""
import asyncio, logging, os, signal, threading
import torch, saddle

asyncio.get_running_loop()  # a kernel has one
def state():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    levels = [logging.getLogger().level, list(logging.getLogger().handlers)]
    return handlers, os.getcwd(), dict(os.environ), levels, torch.get_rng_state().tolist(), torch.is_grad_enabled()
saddle.train([{SMALL}, "trainer.max_steps=1", "hydra.run.dir=warm"])  # Lightning is imported
before = state()
run = saddle.train([{SMALL}, "trainer.max_steps=4", "hydra.run.dir=run"])
assert state() == before
assert sorted(os.listdir()) == ["run", "warm"]
assert run.sample(3).shape == (3, 1, 28, 28)
"""

INTERRUPTED = f"""
timer = threading.Timer(4, lambda: os.kill(os.getpid(), signal.SIGINT))  # the stop button
timer.start()
try:
    saddle.train([{SMALL}, "trainer.max_steps=-1", "hydra.run.dir=stopped"])
    raise AssertionError("it trained on")
except saddle.error.Stopped as stopped:
    sentence = str(stopped)
assert sentence.startswith("stopped by SIGINT; go on with: saddle train resume="), sentence
assert state() == before
saddle.train(["resume=stopped", f"trainer.max_steps={{saddle.open_run('stopped').iteration + 1}}"])
"""


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """The folder of kernels with one that runs this Python."""
    from ipykernel.kernelspec import install

    install(prefix=str(tmp_path / "kernels"), kernel_name="here")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "kernels" / "share" / "jupyter"))
    assert "here" in KernelSpecManager().find_kernel_specs()
    assert sys.executable
    return "here"


def played(cells: list[str], kernel: str, folder) -> list:
    """The code cells of a notebook with these sources, after a kernel in `folder` has run them all."""
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, kernel_name=kernel, timeout=280, resources={"metadata": {"path": str(folder)}})
    return client.execute().cells


@pytest.mark.slow
def test_training_leaves_a_kernel_as_it_was_and_the_stop_button_stops_it(kernel, tmp_path):
    played([CHECKS, INTERRUPTED], kernel, tmp_path / "work")


def test_the_example_plays(kernel, tmp_path):
    notebook = nbformat.read(REPOSITORY / "examples" / "first_run.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.get("outputs", []) == [] for cell in notebook.cells), "commit it without its outputs"
    shorter = [cell.replace("steps = 400", "steps = 20") for cell in cells]
    assert shorter != cells
    done = played(shorter, kernel, tmp_path / "work")
    pictures = [output for cell in done for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
    assert "iteration 20" in done[0].outputs[-1]["data"]["text/plain"]
