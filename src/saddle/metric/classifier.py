"""A small classifier whose penultimate features are the space that metrics are taken in, and its training."""

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample
from torch.nn.utils.fusion import fuse_conv_bn_eval

FEATURES = 128
_BATCH_SIZE = 128


class Classifier(nn.Module):
    """Images (N, channels, image_size, image_size) in [-1, 1] to features (N, 128), none negative, and logits (N, K).

    Convolutions with 16, 32, 64 and 128 channels, each with batch norm and ReLU, three halvings by max pooling, a
    linear layer to the features and one to the logits. Raises ValueError for images smaller than 8x8.
    """

    def __init__(self, channels: int, image_size: int, classes: int) -> None:
        super().__init__()
        if image_size < 8:
            raise ValueError(f"image_size={image_size} is too small for three halvings: use at least 8")
        self.body = nn.Sequential(
            *_convolution(channels, 16, size=5),
            nn.MaxPool2d(2),
            *_convolution(16, 32, size=3),
            *_convolution(32, 64, size=3),
            nn.MaxPool2d(2),
            *_convolution(64, 128, size=3),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128 * (image_size // 8) ** 2, FEATURES),
            nn.ReLU(),
        )
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(images)
        return features, self.head(self.dropout(features))

    def folded(self) -> "Classifier":
        """A copy for reading alone: the same outputs, with every batch norm folded into the convolution before it."""
        found, layers = copy.deepcopy(self).eval(), []
        for layer in found.body:
            if isinstance(layer, nn.BatchNorm2d):
                layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
            else:
                layers.append(layer)
        found.body = nn.Sequential(*layers)
        return found


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
    """A classifier trained on uint8 images (N, C, S, S) with labels (N,) int64, in evaluation mode.

    AdamW under a one-cycle learning rate, cross-entropy, batches of 128, each image a little turned, scaled, slanted
    and shifted (not mirrored: digits and letters have a side). A function of the data and `seed` on one machine and
    one thread. `report` is told each epoch's number and mean loss. Raises ValueError for fewer images than a batch.
    """
    steps = len(images) // _BATCH_SIZE
    if steps == 0:
        raise ValueError(f"expected at least {_BATCH_SIZE} labeled images, got {len(images)}")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Classifier(images.shape[1], images.shape[2], classes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * steps, pct_start=0.2)
    for epoch in range(epochs):
        order, total = torch.randperm(len(images), generator=generator), 0.0
        for rows in order[: steps * _BATCH_SIZE].split(_BATCH_SIZE):
            loss = cross_entropy(model(moved(scaled(images[rows]), generator))[1], labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        report(epoch, total / steps)
    return model.eval()


def scaled(images: Tensor) -> Tensor:
    """uint8 images as float32 in [-1, 1]."""
    return images.float().div_(127.5).sub_(1.0)


def moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image (N, C, S, S) turned by up to 12 degrees, scaled by up to 12 %, slanted by up to 0.15 and shifted by up
    to a tenth of its side, as `generator` decides; what comes in from outside is -1.
    """
    turn, size, slant, across, down = (torch.rand(5, len(images), generator=generator) * 2 - 1).unbind()
    turn, size, slant = math.radians(12) * turn, 1 + 0.12 * size, 0.15 * slant
    rows = [
        torch.stack([turn.cos() * size, (slant - turn.sin()) * size, 0.2 * across], 1),
        torch.stack([turn.sin() * size, turn.cos() * size, 0.2 * down], 1),
    ]
    grid = affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return grid_sample(images + 1, grid, align_corners=False) - 1
