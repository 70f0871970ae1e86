"""MNIST (LeCun et al. 1998), by torchvision."""

from saddle.data.torchvision_idx import TorchvisionIdx


class Mnist(TorchvisionIdx):
    """60,000 handwritten digits, ten classes."""

    dataset = "MNIST"
    size = 60_000
    extractor = "mnist"
    license = "CC BY-SA 3.0"
