"""Trained classifiers as files: weights in safetensors, beside them a card that says what they are."""

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from pydantic import TypeAdapter
from safetensors.torch import load, save
from torch import Tensor

from saddle.data.resize import resized
from saddle.error import InputError
from saddle.metric.classifier import Classifier, scaled

_AT_ONCE = 100  # images: with channels last half the time of 500 in torch's own layout


@dataclass(frozen=True)
class Card:
    """What a classifier was made for and from; `accuracy` in [0, 1] is over `tested` images it was not trained on."""

    data: str
    channels: int
    image_size: int
    classes: int
    epochs: int
    seed: int
    trained: int
    tested: int
    accuracy: float
    command: str
    sha256: str = ""


class Extractor(ABC):
    """Reads images: features, in which metrics are taken, and class probabilities.

    `name` and `sha256`, the digest of the weights, say which one it is.
    """

    name: str
    sha256: str

    @property
    def stamp(self) -> str:
        """Name and the beginning of the weights' digest: metrics of different stamps cannot be compared."""
        return f"{self.name}-{self.sha256[:8]}"

    @abstractmethod
    def check(self, channels: int) -> None:
        """Raise InputError if images with so many channels cannot be read."""

    def reads_classes_of(self, name: str, shipped: str | None) -> bool:
        """Whether its classes are those of the data `name`, for which saddle ships `shipped`."""
        return self.name in (name.lower(), shipped)

    @abstractmethod
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, D) and class probabilities (N, K), float32 on the CPU, of uint8 images (N, C, S, S)."""


class ClassifierExtractor(Extractor):
    """A classifier of ours with its card. It reads images of other sizes, too: they are brought to its own."""

    def __init__(self, model: Classifier, card: Card) -> None:
        self.model, self.card = model.folded().to(memory_format=torch.channels_last), card
        self.name, self.sha256 = card.data, card.sha256

    def check(self, channels: int) -> None:
        if channels != self.card.channels and self.card.channels != 1:
            raise InputError(
                f"the classifier {self.stamp} reads {self.card.channels} channels, and data.channels={channels}"
            )

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """As in `Extractor`, D = 128. A classifier of one channel reads several channels one by one (Stacked MNIST):
        features stand side by side, D = 128 C, and a class is a number with one digit per channel, K = classes ** C.
        """
        images = resized(images, self.card.image_size)
        if images.shape[1] == self.card.channels:
            return self._read(images)
        features, joint = [], torch.ones(len(images), 1)
        for channel in images.split(1, dim=1):
            found, probabilities = self._read(channel)
            features.append(found)
            joint = (joint.unsqueeze(2) * probabilities.unsqueeze(1)).flatten(1)
        return torch.cat(features, 1), joint

    @torch.no_grad()
    def _read(self, images: Tensor) -> tuple[Tensor, Tensor]:
        parts = [self.model(scaled(part)) for part in images.split(_AT_ONCE)]
        features, logits = (torch.cat(values) for values in zip(*parts, strict=True))
        return features, logits.softmax(1)


def save_extractor(path: Path, model: Classifier, card: Card) -> Card:
    """Write the weights to `path` and the card beside it, with their digest; returns the card as written."""
    content = save({name: value.contiguous() for name, value in model.state_dict().items()})
    card = Card(**{**asdict(card), "sha256": hashlib.sha256(content).hexdigest()})
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(asdict(card), indent=2) + "\n")
    return card


def load_extractor(path: Path) -> ClassifierExtractor:
    """The classifier in the safetensors file `path`, checked against the digest on the card beside it.

    Raises InputError, naming the file, if one of the two is missing, not what it should be, or does not fit the other.
    """
    card = _read_card(path.with_suffix(".json"))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the weights of a classifier") from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise InputError(f"{path}: the file is not the one that its card describes (sha256 differs): make it again")
    try:
        with torch.device("meta"):  # whatever size the card says, there is no more memory than the file fills
            model = Classifier(card.channels, card.image_size, card.classes)
        model.load_state_dict(load(content), assign=True)
        model.float()
    except Exception as error:  # both files may say anything
        raise InputError(f"{path}: not the weights that its card describes ({str(error).splitlines()[0]})") from error
    return ClassifierExtractor(model, card)


def extractor_for(choice: str, shipped: str | None) -> Extractor | None:
    """The extractor that a setting names: `auto` is the one that ships for the data, if any (`shipped` is its name);
    `none` is none; a file that ends in .pth holds the weights of Inception; anything else is the path of a safetensors
    file. Raises InputError if it cannot be loaded.
    """
    if choice == "none" or (choice == "auto" and shipped is None):
        return None
    if choice.endswith(".pth"):
        from saddle.metric.inception import Inception  # an optional package

        return Inception(Path(choice))
    return load_extractor(Path(__file__).with_name(f"{shipped}.safetensors") if choice == "auto" else Path(choice))


def _read_card(path: Path) -> Card:
    try:
        return TypeAdapter(Card).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the card of a classifier") from error
    except Exception as error:  # it may say anything
        raise InputError(f"{path}: not the card of a classifier") from error
