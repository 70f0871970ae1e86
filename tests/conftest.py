"""Every worker uses one thread: several tests run side by side. Signals are as in a terminal, also under nohup."""

import os
import signal

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"

import numpy as np
import pytest
import torch
from PIL import Image

import saddle.compat  # noqa: F401
from helpers import train, trained

torch.set_num_threads(1)

HANDLERS = {"SIGINT": signal.default_int_handler, "SIGQUIT": signal.SIG_DFL, "SIGHUP": signal.SIG_DFL}
for name, handler in HANDLERS.items():
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, handler)  # else the runs that tests start would ignore it, too


@pytest.fixture(autouse=True)
def _fixed_seed():
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def mnist_root():
    """The folder above the real MNIST, or a skip."""
    root = os.environ.get("SADDLE_DATA_ROOT")
    if not root:
        pytest.skip("SADDLE_DATA_ROOT is not set: this test reads real MNIST")
    return root


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory):
    """The FOLDER of the pages: a few pictures of noise, in two folders."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(80):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        place = folder / ("horses" if number % 2 else "zebras")
        place.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


# runs of a few iterations that several files read, and none changes

TRANSLATING = ["experiment=cyclegan", "data.image_size=12", "data.limit=64", "data.batch_size=8", "trainer.max_steps=2"]
TRANSLATING += ["architecture.generator.width=2", "architecture.generator.halvings=1", "trainer=cpu"]
TRANSLATING += ["architecture.generator.blocks=1", "architecture.discriminator.widths=[4]", "data.target=inverted"]
TRANSLATING += ["callback.quality.num=40", "callback.game.num=20"]


@pytest.fixture(scope="session")
def vae(tmp_path_factory):
    """A conditional run with a gaussian encoder, saved at 5 and 10; its batch norm computes its statistics anew."""
    path = tmp_path_factory.mktemp("vae") / "run"
    settings = ["architecture.conditional=true", "architecture.generator.normalization=batch", "data.image_size=20"]
    settings += ["trainer.max_steps=10", "checkpoints.every_images=500", "callback.game.num=1500", "seed=3"]
    trained(path, "game=vae", *settings)
    return path


@pytest.fixture(scope="session")
def bigan(tmp_path_factory):
    """A run without labels, whose encoder is not gaussian."""
    path = tmp_path_factory.mktemp("bigan") / "run"
    trained(path, "game=bigan", "trainer.max_steps=2", "data.image_size=20")
    return path


@pytest.fixture(scope="session")
def points(tmp_path_factory):
    """A run on points of the plane."""
    path = tmp_path_factory.mktemp("points") / "run"
    result = train("experiment=ring", "data.size=2000", "trainer.max_steps=2", f"hydra.run.dir={path}")
    assert result.returncode == 0, result.stderr
    return path


@pytest.fixture(scope="session")
def cyclegan(mnist_root, tmp_path_factory):
    """A run that translates images."""
    path = tmp_path_factory.mktemp("translating") / "run"
    result = train(*TRANSLATING, f"hydra.run.dir={path}")
    assert result.returncode == 0, result.stderr
    return path
