"""A network that reads factors as an extractor of features, and the card that describes it."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.bound import ImageSize
from saddle.data.factors import FactorData
from saddle.data.loader import as_floats
from saddle.data.module import ImageData
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.metric.base import Extractor
from saddle.metric.classifier import Classifier
from saddle.metric.factor_reader import by_factor
from saddle.metric.known_factors import KnownFactors
from saddle.metric.network_extractor import NetworkCard, NetworkExtractor

_BATCH_SIZE = 100  # as in `saddle.metric.network_extractor`


@dataclass(frozen=True)
class FactorCard(NetworkCard):
    """What a reader of factors was trained for, and how well it reads `tested` images outside its training.

    `errors` is, for each factor, the share of these images in which it is misread. The first `mode_factors` of the
    `factors` make the modes.
    """

    factors: list[str]
    options: int
    mode_factors: int
    epochs: int
    seed: int
    drawn: int
    tested: int
    errors: Mapping[str, float]
    command: str

    @property
    def outputs(self) -> int:
        """The number of logits."""
        return len(self.factors) * self.options


class FactorExtractor(NetworkExtractor):
    """A reader of factors with its card. Images of other sizes are resized to the reader's own."""

    def __init__(self, model: Classifier, card: FactorCard) -> None:
        super().__init__(model, card)
        self.card = card

    def check(self, channels: int, image_size: ImageSize) -> None:
        own = self.channels
        if own != channels:
            raise InputError(
                f"this reader of {self.name} reads images with {own} channels, and the data has {channels}: name "
                f"another extractor, or use data.channels={own}"
            )

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Extractor`, D = 128. A class is a mode: K = options ** mode_factors, first factor first."""
        batches = resized(images, self.image_size).split(_BATCH_SIZE)
        features = torch.cat([self.model(as_floats(batch))[0] for batch in batches])
        modes = torch.ones(len(images), 1)
        for factor in self.read_factors(features)[:, : self.card.mode_factors].unbind(1):
            modes = (modes.unsqueeze(2) * factor.unsqueeze(1)).flatten(1)
        return features, modes

    @torch.no_grad()
    def read_factors(self, features: Tensor) -> Tensor:
        """The probability of each option of each factor, float32 (N, F, K), by features (N, 128)."""
        return by_factor(self.model.head(features), self.card.options).softmax(2)

    def errors(self, images: Tensor, codes: Tensor) -> dict[str, float]:
        """For each factor the share of uint8 images (N, C, H, W), drawn from codes (N, F), in which it is misread."""
        misread = self.read_factors(self(images)[0]).argmax(2) != codes
        return dict(zip(self.card.factors, misread.double().mean(0).tolist(), strict=True))


def known_factors(data: ImageData, extractor: Extractor) -> KnownFactors | None:
    """The factors of the data as `extractor` reads them; None if it does not, or the data has none."""
    if not isinstance(data, FactorData) or not isinstance(extractor, FactorExtractor):
        return None
    if not extractor.reads_classes_of(data) or extractor.card.factors != list(data.factors):
        return None
    return KnownFactors(extractor.read_factors, data.numbers, data.numbers(data.codes()), data.label_factor)
