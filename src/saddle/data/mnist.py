"""MNIST (LeCun et al. 1998), by torchvision."""

import saddle.compat  # noqa: F401  isort: skip
from torchvision.datasets import MNIST

from saddle.data.torchvision_idx import TorchvisionIdx


class Mnist(TorchvisionIdx):
    """60,000 handwritten digits, ten classes."""

    dataset = MNIST
    size = 60_000
    extractor = "mnist"
