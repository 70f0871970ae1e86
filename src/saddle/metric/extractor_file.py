"""Trained classifiers as files: weights in safetensors, and beside them a card in JSON that describes them."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import TypeAdapter
from safetensors.torch import load, save

from saddle.error import InputError, first_line
from saddle.metric.classifier import Classifier
from saddle.metric.classifier_extractor import Card, ClassifierExtractor
from saddle.metric.factor_extractor import FactorCard, FactorExtractor

C = TypeVar("C", Card, FactorCard)


def save_extractor(path: Path, model: Classifier, card: C) -> C:
    """Write the weights to `path` and the card beside it; return the card with the digest of the weights."""
    content = save({name: value.contiguous() for name, value in model.state_dict().items()})
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    path.write_bytes(content)
    path.with_suffix(".json").write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")
    return card


def load_extractor(path: Path) -> ClassifierExtractor | FactorExtractor:
    """The network in the safetensors file `path`, checked against the digest on the card beside it.

    Raises InputError, naming the file, if the weights or the card are missing, damaged, or do not fit each other.
    """
    card = _read_card(path.with_suffix(".json"), path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the weights of a classifier") from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise InputError(f"{path}: the file is not the one that its card describes (sha256 differs): create it again")
    try:
        with torch.device("meta"):  # a card with a huge size takes no memory before the weights are compared with it
            model = Classifier(card.channels, card.image_size, _outputs(card))
        model.load_state_dict(load(content), assign=True)
        model.float()
    except Exception as error:  # both files may hold anything
        raise InputError(f"{path}: not the weights that its card describes ({first_line(error)})") from error
    return FactorExtractor(model, card) if isinstance(card, FactorCard) else ClassifierExtractor(model, card)


def _outputs(card: Card | FactorCard) -> int:
    """The number of logits."""
    return len(card.factors) * card.options if isinstance(card, FactorCard) else card.classes


def _read_card(path: Path, weights: Path) -> Card | FactorCard:
    """The card `path` beside the `weights`; raises InputError if it is missing or damaged."""
    if not path.exists() and not weights.exists():
        raise InputError(f"{weights}: there is no such file; expected a classifier, as saddle extractor writes it")
    try:
        return TypeAdapter(Card | FactorCard).validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the card of a classifier") from error
    except Exception as error:  # the file may hold anything
        raise InputError(f"{path}: not the card of a classifier") from error
