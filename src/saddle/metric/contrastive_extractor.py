"""A network that learned without labels as an extractor of features, and the card that describes it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.bound import ImageSize, height_and_width
from saddle.data.loader import as_floats
from saddle.data.module import ImageData
from saddle.error import InputError
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
    """A network that learned without labels, with its card. It reads no classes.

    It knows images by details as fine as their pixels, so it reads images of its own size only.
    """

    tells_classes = False

    def __init__(self, model: ContrastiveNetwork, card: ContrastiveCard) -> None:
        super().__init__(model, card)
        self.card = card

    def check(self, channels: int, image_size: ImageSize) -> None:
        super().check(channels, image_size)
        own, asked = (height_and_width(size) for size in (self.image_size, image_size))
        if own != asked:
            raise InputError(
                f"this extractor reads {own[0]}x{own[1]} pixels only, and the data has {asked[0]}x{asked[1]}: "
                f"name another one (saddle extractor trains it), or use data.image_size=[{own[0]},{own[1]}]"
            )

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
