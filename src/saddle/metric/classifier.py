"""A small classifier and its training; metrics are taken in the space of its penultimate features."""

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from saddle.bound import ImageSize, height_and_width
from saddle.data.loader import as_floats
from saddle.metric.descent import one_cycle
from saddle.metric.folding import folded

FEATURES = 128
_BATCH_SIZE = 128


class Classifier(nn.Module):
    """Maps images (N, channels, H, W) in [-1, 1] to features (N, 128) >= 0 and logits (N, K).

    Convolutions with 16, 32, 64 and 128 channels, each with batch norm and ReLU, three halvings by max pooling, a
    linear layer to the features and one to the logits. Raises ValueError for sides below 8.
    """

    def __init__(self, channels: int, image_size: ImageSize, classes: int) -> None:
        super().__init__()
        height, width = height_and_width(image_size)
        if min(height, width) < 8:
            raise ValueError(f"image_size={min(height, width)} is too small for three halvings: use at least 8")
        self.body = nn.Sequential(
            *_convolution(channels, 16, size=5),
            nn.MaxPool2d(2),
            *_convolution(16, 32, size=3),
            *_convolution(32, 64, size=3),
            nn.MaxPool2d(2),
            *_convolution(64, 128, size=3),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128 * (height // 8) * (width // 8), FEATURES),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(images)
        return features, self.head(self.dropout(features))

    def folded(self) -> "Classifier":
        """A copy for evaluation only: the same outputs, with every batch norm folded into the convolution before it."""
        copied = copy.deepcopy(self).eval()
        copied.body = folded(copied.body)
        return copied


def _convolution(inputs: int, outputs: int, size: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def train_classifier(
    images: Tensor,
    labels: Tensor,
    classes: int,
    epochs: int,
    seed: int,
    report: Callable[[int, float], object] = lambda epoch, loss: None,
) -> Classifier:
    """A classifier trained on uint8 images (N, C, H, W) with labels (N,) int64, in evaluation mode.

    AdamW under a one-cycle learning rate, cross-entropy, batches of 128. Each image is slightly rotated, scaled,
    sheared and shifted, but not mirrored: mirrored digits and letters are others. The result is a function of the data
    and `seed` on one machine and one thread. `report` receives each epoch's number and mean loss. Raises ValueError
    for fewer images than a batch.
    """
    steps = len(images) // _BATCH_SIZE
    if steps == 0:
        raise ValueError(f"expected at least {_BATCH_SIZE} labeled images besides those held out, got {len(images)}")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Classifier(images.shape[1], (images.shape[2], images.shape[3]), classes)
    descent = one_cycle(model.parameters(), epochs * steps)
    for epoch in range(epochs):
        order = torch.randperm(len(images), generator=generator)
        total = 0.0
        for rows in order[: steps * _BATCH_SIZE].split(_BATCH_SIZE):
            _, logits = model(moved(as_floats(images[rows]), generator))
            loss = cross_entropy(logits, labels[rows])
            total += descent.step(loss)
        report(epoch, total / steps)
    return model.eval()


def moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image (N, C, H, W) rotated by up to 12 degrees, scaled by up to 12 %, sheared by up to 0.15 and shifted by
    up to a tenth of its sides, all drawn from `generator`; pixels from outside the image are -1.
    """
    angle, size, shear, across, down = (torch.rand(5, len(images), generator=generator) * 2 - 1).unbind()
    angle = math.radians(12) * angle
    size = 1 + 0.12 * size
    shear = 0.15 * shear
    longer = images.shape[2] / images.shape[3]  # the grid's coordinates go from -1 to 1 along both sides
    rows = [
        torch.stack([angle.cos() * size, (shear - angle.sin()) * size * longer, 0.2 * across], 1),
        torch.stack([angle.sin() * size / longer, angle.cos() * size, 0.2 * down], 1),
    ]
    grid = affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return grid_sample(images + 1, grid, align_corners=False) - 1
