"""A network that learned without labels as an extractor of features, and the card that describes it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.data.loader import as_floats
from saddle.data.module import ImageData
from saddle.metric.contrastive import ContrastiveNetwork, RandomChange
from saddle.metric.neighbor import nearest
from saddle.metric.network_extractor import NetworkCard, NetworkExtractor


@dataclass(frozen=True)
class ContrastiveCard(NetworkCard):
    """What a network was trained for and on, without labels.

    `flip` says whether mirrored images counted as the same. `recognized` in [0, 1] is that of `recognized` over
    `tested` images outside its training set.
    """

    steps: int
    seed: int
    flip: bool
    trained: int
    tested: int
    recognized: float
    command: str


class ContrastiveExtractor(NetworkExtractor):
    """A network that learned without labels, with its card. It reads no classes."""

    def __init__(self, model: ContrastiveNetwork, card: ContrastiveCard) -> None:
        super().__init__(model, card)
        self.card = card

    def reads_classes_of(self, data: ImageData) -> bool:
        return False

    def recognized(self, images: Tensor) -> float:
        """The share of uint8 images (N, C, H, W) that are the nearest of all N, in features, to their changed version.

        By chance it is 1 / N. The change is a function of the card's seed.
        """
        change = RandomChange(self.card.channels, self.card.flip, torch.Generator().manual_seed(self.card.seed))
        levels = (change(as_floats(images)) + 1) * 127.5
        changed, _ = self(levels.round().to(torch.uint8))
        features, _ = self(images)
        _, found = nearest(changed, features)
        return float((found == torch.arange(len(images))).double().mean())
