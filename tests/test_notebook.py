"""saddle in a notebook, played by a real kernel, whose event loop runs while a cell does."""

import shlex
import sys
from importlib.util import module_from_spec, spec_from_file_location

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

from documented import shell_lines
from helpers import REPOSITORY
from saddle.config.compose import compose
from saddle.factory.parts import build_parts

_FILE = spec_from_file_location("make_notebooks", REPOSITORY / "examples" / "make_notebooks.py")
notebooks = module_from_spec(_FILE)
_FILE.loader.exec_module(notebooks)

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


def pictures(notebook) -> list:
    """The outputs that are pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in outputs if {"image/png", "image/gif"} & output.get("data", {}).keys()]


@pytest.mark.slow
def test_the_first_notebook_plays_when_it_is_shortened(tmp_path):
    shorter = {
        "steps = 1500": "steps = 10",
        "steps + 100": "steps + 2",
        '"data=digits", f"tr': '"data=digits", "callback.quality.num=100", f"tr',
        "run.evaluate(2000)": "run.evaluate(100)",
    }
    done = notebooks.execute(notebooks.read("first_gan", shorter), tmp_path)
    assert len(pictures(done)) == 8
    assert "iteration 10" in done.cells[3].outputs[-1]["data"]["text/plain"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outputs"]


@pytest.mark.slow
@pytest.mark.parametrize("name", notebooks.names())
def test_every_notebook_plays(name, tmp_path):
    done = notebooks.execute(notebooks.read(name), tmp_path)
    assert len(pictures(done)) >= 3


def test_every_command_in_the_prose_of_a_notebook_is_accepted():
    prose = [cell.source for name in notebooks.names() for cell in notebooks.read(name).cells if "source" in cell]
    commands = {line for text in prose for line in shell_lines(text)}
    assert len(commands) >= 4
    for command in commands:
        assert command.startswith("python train.py")
        build_parts(compose(shlex.split(command)[2:]))


def test_notebooks_are_text_without_outputs():
    assert notebooks.names() == ["first_gan", "first_gan.zh", "losing_modes", "own_loss", "own_pictures"]
    committed = [path.name for path in (REPOSITORY / "examples").iterdir()]
    for name in notebooks.names():
        assert f"{name}.py" in committed
        assert all(cell.get("outputs", []) == [] for cell in notebooks.read(name).cells)


def test_a_replacement_that_replaces_nothing_is_noticed():
    with pytest.raises(ValueError, match=r"first_gan.py does not hold 'steps = 0'"):
        notebooks.read("first_gan", {"steps = 0": "steps = 1"})
