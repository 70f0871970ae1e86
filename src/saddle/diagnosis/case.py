"""What symptoms read: an opened run, its curves, and a few hundred samples beside as many real images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saddle.data.loader import as_floats
from saddle.data.module import ImageData
from saddle.diagnosis.features import features
from saddle.error import InputError
from saddle.file import numbered
from saddle.run.checkpoint import damage_of
from saddle.run.curves import Curve
from saddle.run.finished import FinishedRun
from saddle.run.folder import checkpoints_of
from saddle.seed import hashed_seed
from saddle.training.checkpoint import read_sound_checkpoint
from saddle.training.class_labels import labels_in_shares
from saddle.training.sampling import as_bytes, images_from, sources_for

SAMPLES = 256
"""Samples, and at most as many real images, that probes compare."""

FEWEST = 16
"""Fewer images say nothing."""


@dataclass
class Case:
    """A run as symptoms read it. What cannot be read is noted in `unseen`, in words, and the symptom is left out."""

    run: FinishedRun
    unseen: list[str] = field(default_factory=list)

    @property
    def record(self) -> dict[str, Any]:
        """The settings of training."""
        return self.run.record

    @cached_property
    def content(self) -> dict[str, Any]:
        """The checkpoint."""
        return read_sound_checkpoint(self.run.checkpoint)

    @cached_property
    def curves(self) -> Mapping[str, Curve]:
        """The curves; empty where there are none."""
        try:
            return self.run.curves
        except InputError as error:
            self.unseen.append(f"curves ({error})")
            return {}

    def curve(self, name: str) -> list[float]:
        """The values of a curve; empty where there is none."""
        return list(self.curves[name].values) if name in self.curves else []

    @property
    def rows(self) -> int:
        """Images in one iteration."""
        data = self.record["data"]
        return int(data["batch_size"]) * int(self.record["training"]["accumulate"])

    # networks

    @cached_property
    def discriminator(self) -> nn.Module | None:
        """D of images, in evaluation mode; None where the game has none that judges images alone."""
        return self.run.trained_network("discriminator")

    @cached_property
    def weights(self) -> nn.Module | None:
        """G itself, without its average, in evaluation mode; None where there is no generator."""
        return self.run.trained_network("generator")

    @property
    def takes_labels(self) -> bool:
        """Whether D takes labels."""
        return bool(getattr(self.discriminator, "classes", False))

    # images

    @cached_property
    def real(self) -> Tensor:
        """At most 256 training images, uint8 (N, C, H, W), or points (N, 2), in an order that depends on nothing."""
        rows = self.run.data.training()[0]
        return rows[self._order[:SAMPLES]]

    @cached_property
    def other_real(self) -> Tensor:
        """Other training images, as many; empty where there are no others."""
        rows = self.run.data.training()[0]
        return rows[self._order[SAMPLES : 2 * SAMPLES]]

    @cached_property
    def labels(self) -> Tensor | None:
        """The labels of `real`, (N,); None without labels."""
        labels = self.run.data.training()[1]
        return None if labels is None else labels[self._order[:SAMPLES]]

    @cached_property
    def _order(self) -> Tensor:
        number = len(self.run.data.training()[0])
        return torch.randperm(number, generator=torch.Generator().manual_seed(0))

    @cached_property
    def held_out(self) -> Tensor | None:
        """At most 256 images that the run was not trained on, uint8 (N, C, H, W); None where there are none."""
        data = self.run.data
        if not isinstance(data, ImageData) or data.load_test() is None:
            return None
        return as_bytes(data.held_out(SAMPLES)["image"])

    def samples_of(self, generator: nn.Module) -> Tensor:
        """As many samples as there are real images, from noise of their own; labels in the data's shares."""
        classes = getattr(generator, "classes", 0)
        shares = self.run.label_shares
        labels = None if not classes or shares is None else labels_in_shares(shares, SAMPLES)
        sources = sources_for(generator, self.run.data, SAMPLES)
        seed = hashed_seed(self.run.seed, "diagnosis")
        return images_from(generator, SAMPLES, seed, labels, sources=sources)

    @cached_property
    def samples(self) -> Tensor:
        """Samples of the run: of the averaged G, if there is an average."""
        return self.samples_of(self.run.generator)

    @cached_property
    def samples_of_weights(self) -> Tensor:
        """Samples of G itself."""
        return self.samples if self.weights is None else self.samples_of(self.weights)

    @cached_property
    def earlier(self) -> tuple[int, Tensor] | None:
        """The iteration and samples of the earliest checkpoint that is kept from the second half of the run."""
        for iteration, path in self._earlier_checkpoints():
            if damage_of(path) is None:
                run = FinishedRun.open(path)
                return iteration, Case(run).samples_of(run.generator)
        return None

    def _earlier_checkpoints(self) -> list[tuple[int, Path]]:
        if self.run.folder is None:
            return []
        kept = numbered(checkpoints_of(self.run.folder), ".ckpt")
        last = self.run.iteration
        return [(iteration, path) for iteration, path in kept.items() if 0.3 * last <= iteration <= 0.9 * last]

    @cached_property
    def features(self) -> dict[str, Tensor]:
        """Features (N, D) of `real`, `other_real`, `samples` and `samples_of_weights`, by these names."""
        return {name: features(getattr(self, name)) for name in ("real", "other_real", "samples", "samples_of_weights")}

    def inputs(self, images: Tensor) -> Tensor:
        """Images as networks read them, float32; points as they are."""
        return as_floats(images) if images.dtype == torch.uint8 else images

    def logits(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """D's logits (N,) on images; with packs or patches the means of an image, or of a pack."""
        assert self.discriminator is not None
        return logits_of(self.discriminator, self.inputs(images), labels)


def logits_of(discriminator: nn.Module, inputs: Tensor, labels: Tensor | None) -> Tensor:
    """D's logits (N,) on inputs (N, ...), with `labels` if it takes them."""
    packing = int(getattr(discriminator, "packing", 1))
    inputs = inputs[: len(inputs) // packing * packing]
    takes_labels = bool(getattr(discriminator, "classes", 0))
    logits: Tensor = discriminator(inputs, labels) if takes_labels and labels is not None else discriminator(inputs)
    return logits.view(-1, int(getattr(discriminator, "patches", 1))).mean(1)
