"""Trained extractors as files: weights in safetensors, and beside them a card in JSON that describes them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import TypeAdapter
from safetensors.torch import load, save
from torch import nn

from saddle.error import InputError, first_line
from saddle.metric.classifier import Classifier
from saddle.metric.classifier_extractor import Card, ClassifierExtractor
from saddle.metric.contrastive import ContrastiveNetwork
from saddle.metric.contrastive_extractor import ContrastiveCard, ContrastiveExtractor
from saddle.metric.factor_extractor import FactorCard, FactorExtractor
from saddle.metric.network_extractor import NetworkCard

C = TypeVar("C", bound=NetworkCard)
N = TypeVar("N", bound=nn.Module)


def save_extractor(path: Path, model: nn.Module, card: C) -> C:
    """Write the weights to `path` and the card beside it; return the card with the digest of the weights."""
    content = save({name: value.contiguous() for name, value in model.state_dict().items()})
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")
    return card


def load_extractor(path: Path) -> ClassifierExtractor | ContrastiveExtractor | FactorExtractor:
    """The network in the safetensors file `path`, checked against the digest on the card beside it.

    Raises InputError, naming the file, if the weights or the card are missing, damaged, or do not fit each other.
    """
    card = _read_card(path.with_suffix(".json"), path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the weights of an extractor") from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise InputError(f"{path}: the file is not the one that its card describes (sha256 differs): create it again")
    if isinstance(card, ContrastiveCard):
        network = _filled(lambda: ContrastiveNetwork(card.channels, card.image_size), content, path)
        return ContrastiveExtractor(network, card)
    if isinstance(card, FactorCard):
        reader = _filled(lambda: Classifier(card.channels, card.image_size, card.outputs), content, path)
        return FactorExtractor(reader, card)
    classifier = _filled(lambda: Classifier(card.channels, card.image_size, card.classes), content, path)
    return ClassifierExtractor(classifier, card)


def _filled(build: Callable[[], N], content: bytes, path: Path) -> N:
    """The network of `build` with the weights in `content`, that of the file `path`; raises InputError."""
    try:
        with torch.device("meta"):  # a card with a huge size takes no memory before the weights are compared with it
            model = build()
        model.load_state_dict(load(content), assign=True)
        model.float()
    except Exception as error:  # both files may hold anything
        raise InputError(f"{path}: not the weights that its card describes ({first_line(error)})") from error
    return model


def _read_card(path: Path, weights: Path) -> Card | ContrastiveCard | FactorCard:
    """The card `path` beside the `weights`; raises InputError if it is missing or damaged."""
    if not path.exists() and not weights.exists():
        raise InputError(f"{weights}: there is no such file; expected what saddle extractor writes")
    try:
        return TypeAdapter(Card | ContrastiveCard | FactorCard).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the card of an extractor") from error
    except Exception as error:  # the file may hold anything
        raise InputError(f"{path}: not the card of an extractor") from error
