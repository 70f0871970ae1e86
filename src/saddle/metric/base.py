"""What a network must offer so that images can be measured in its features."""

from abc import ABC, abstractmethod

from torch import Tensor


class Extractor(ABC):
    """Reads images: features, in which metrics are taken, and class probabilities.

    `name` and `sha256`, the digest of the weights, identify the network.
    """

    name: str
    sha256: str

    @property
    def stamp(self) -> str:
        """Name and the beginning of the weights' digest: metrics of different stamps cannot be compared."""
        return f"{self.name}-{self.sha256[:8]}"

    @abstractmethod
    def check(self, channels: int) -> None:
        """Raise InputError if images with this number of channels cannot be read."""

    def reads_classes_of(self, name: str, shipped: str | None) -> bool:
        """Whether its classes are those of the data `name`, for which saddle ships the classifier `shipped`."""
        return self.name in (name.lower(), shipped)

    @abstractmethod
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, D) and class probabilities (N, K), float32 on the CPU, of uint8 images (N, C, S, S)."""
