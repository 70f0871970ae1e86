"""A trained network of saddle as an extractor of features, and what is known of it."""

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from saddle.bound import ImageSize
from saddle.data.loader import as_floats
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.metric.base import Extractor

_BATCH_SIZE = 100  # with channels last this takes half the time of 500 in torch's own layout


@dataclass(frozen=True)
class NetworkCard:
    """The `data` that a network was trained on, and the form of the images that it reads.

    `sha256` is the digest of the weights, known once they are saved.
    """

    data: str
    channels: int
    image_size: ImageSize
    sha256: str = field(default="", kw_only=True)


class Network(Protocol):
    """Maps images (N, C, H, W) in [-1, 1] to features (N, D) and logits (N, K), K = 0 if it knows no classes."""

    def folded(self) -> nn.Module:
        """A copy for evaluation only: the same outputs, faster."""


class NetworkExtractor(Extractor):
    """A network with its card. Images of other sizes are resized to the network's own."""

    def __init__(self, model: Network, card: NetworkCard) -> None:
        self.model = model.folded().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has no stub
        self.name, self.sha256 = card.data, card.sha256
        self.channels, self.image_size = card.channels, card.image_size

    def check(self, channels: int, image_size: ImageSize) -> None:
        own = self.channels
        if own not in (1, channels):
            raise InputError(
                f"this extractor reads images with {own} channels, and the data has {channels}: name another one "
                f"(saddle extractor trains it), or use data.channels={own}"
            )

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Extractor`.

        A network of one channel reads several channels one by one (Stacked MNIST): features stand side by side,
        D = 128 C, and a class is a number with one digit per channel, K = classes ** C.
        """
        images = resized(images, self.image_size)
        if images.shape[1] == self.channels:
            return self._read(images)
        features = []
        joint = torch.ones(len(images), 1)
        for channel in images.split(1, dim=1):
            channel_features, probabilities = self._read(channel)
            features.append(channel_features)
            joint = (joint.unsqueeze(2) * probabilities.unsqueeze(1)).flatten(1)
        return torch.cat(features, 1), joint

    @torch.no_grad()
    def _read(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = [], []
        for batch in images.split(_BATCH_SIZE):
            batch_features, batch_logits = self.model(as_floats(batch))
            features.append(batch_features)
            logits.append(batch_logits)
        return torch.cat(features), torch.cat(logits).softmax(1)
