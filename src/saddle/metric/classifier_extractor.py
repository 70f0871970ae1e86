"""A trained classifier as an extractor of features, and the card that describes it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.bound import ImageSize
from saddle.data.loader import as_floats
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.metric.base import Extractor
from saddle.metric.classifier import Classifier

_BATCH_SIZE = 100  # with channels last this takes half the time of 500 in torch's own layout


@dataclass(frozen=True)
class Card:
    """What a classifier was trained for and on; `accuracy` in [0, 1] is over `tested` images outside its training set.

    `sha256` is the digest of the weights, known once they are saved.
    """

    data: str
    channels: int
    image_size: ImageSize
    classes: int
    epochs: int
    seed: int
    trained: int
    tested: int
    accuracy: float
    command: str
    sha256: str = ""


class ClassifierExtractor(Extractor):
    """A classifier of saddle with its card. Images of other sizes are resized to the classifier's own."""

    def __init__(self, model: Classifier, card: Card) -> None:
        folded = model.folded()
        self.model = folded.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has no stub
        self.card = card
        self.name, self.sha256 = card.data, card.sha256

    def check(self, channels: int) -> None:
        if channels != self.card.channels and self.card.channels != 1:
            raise InputError(
                f"the classifier {self.stamp} reads {self.card.channels} channels, and data.channels={channels}"
            )

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Extractor`, D = 128.

        A classifier of one channel reads several channels one by one (Stacked MNIST): features stand side by side,
        D = 128 C, and a class is a number with one digit per channel, K = classes ** C.
        """
        images = resized(images, self.card.image_size)
        if images.shape[1] == self.card.channels:
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
