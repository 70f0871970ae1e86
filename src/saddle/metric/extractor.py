"""Trained classifiers as files: weights in safetensors, beside them a card that says what they are."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from saddle.error import InputError
from saddle.metric.classifier import Classifier, scaled

SHIPPED = Path(__file__).with_name("mnist.safetensors")
"""The classifier of MNIST that comes with saddle."""


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


class Extractor:
    """A classifier's features and class probabilities of images."""

    def __init__(self, model: Classifier, card: Card) -> None:
        self.model, self.card = model.eval(), card

    @property
    def stamp(self) -> str:
        """Data and the beginning of the weights' digest: figures of different stamps cannot be compared."""
        return f"{self.card.data}-{self.card.sha256[:8]}"

    @torch.no_grad()
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 128) and probabilities (N, classes), float64, of uint8 images (N, C, S, S).

        Raises ValueError for images of another size or number of channels.
        """
        card = self.card
        wanted = (card.channels, card.image_size, card.image_size)
        if images.dtype != torch.uint8 or tuple(images.shape[1:]) != wanted:
            raise ValueError(f"expected uint8 images {wanted}, got {images.dtype} {tuple(images.shape[1:])}")
        parts = [self.model(scaled(part)) for part in images.split(500)]
        features, logits = (torch.cat(values).double() for values in zip(*parts, strict=True))
        return features, logits.softmax(1)


def save_extractor(path: Path, model: Classifier, card: Card) -> Card:
    """Write the weights to `path` and the card beside it, with their digest; returns the card as written."""
    content = save({name: value.contiguous() for name, value in model.state_dict().items()})
    card = Card(**{**asdict(card), "sha256": hashlib.sha256(content).hexdigest()})
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(asdict(card), indent=2) + "\n")
    return card


def load_extractor(path: Path = SHIPPED) -> Extractor:
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
        model = Classifier(card.channels, card.image_size, card.classes)
        model.load_state_dict(load(content))
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise InputError(f"{path}: not the weights that its card describes ({str(error).splitlines()[0]})") from error
    return Extractor(model, card)


def _read_card(path: Path) -> Card:
    try:
        return Card(**json.loads(path.read_text()))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the card of a classifier") from error
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: not the card of a classifier") from error
