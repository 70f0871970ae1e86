"""Every worker uses one thread: several tests run side by side. Signals are as in a terminal, also under nohup."""

import os
import signal

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"

import pytest
import torch

import saddle.compat  # noqa: F401

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
