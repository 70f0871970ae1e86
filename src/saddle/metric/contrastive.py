"""A small network that learns from images without labels; metrics are taken in its features.

SimCLR (Chen et al. 2020, arXiv 2002.05709): an image is changed at random twice, and the network learns which two of
the changed images in a batch are the same one. So each image is a class of its own, as in exemplar networks
(Dosovitskiy et al. 2014, arXiv 1406.6909), but without weights for each image.
"""

import copy
import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from saddle.augmentation.ada import ADA
from saddle.bound import ImageSize, height_and_width
from saddle.data.loader import as_floats
from saddle.metric.descent import WEIGHT_DECAY, Descent
from saddle.metric.folding import folded

FEATURES = 128
BATCH_SIZE = 64
"""Images of a training step. Each of them is shown twice."""

_WIDEST, _NARROWEST = 128, 16  # channels
_TEMPERATURE = 0.2
_TINT = 0.15


class ContrastiveNetwork(nn.Module):
    """Maps images (N, channels, H, W) in [-1, 1] to features (N, 128), and to logits of no class, (N, 0).

    Convolutions, each with batch norm and ReLU, halve the image until 4 to 7 pixels of its shorter side are left. The
    last one has 128 channels, each before it half as many, and none fewer than 16. One more keeps the size. Means over
    4 x 4 parts and a linear layer give the features, whose batch norm has no weights: on changed training images each
    has mean 0 and variance 1. Raises ValueError for sides below 8.
    """

    def __init__(self, channels: int, image_size: ImageSize) -> None:
        super().__init__()
        shorter = min(height_and_width(image_size))
        if shorter < 8:
            raise ValueError(f"image_size={shorter} is too small for a halving: use at least 8")
        widths = _widths(shorter)
        layers = _convolution(channels, widths[0], size=4, stride=2)
        for before, width in pairwise(widths):
            layers += _convolution(before, width, size=3, stride=2)
        layers += _convolution(_WIDEST, _WIDEST, size=3, stride=1)
        features = nn.Linear(_WIDEST * 16, FEATURES, bias=False)
        scaled = nn.BatchNorm1d(FEATURES, affine=False)
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), features, scaled)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(images)
        return features, features[:, :0]

    def folded(self) -> "ContrastiveNetwork":
        """A copy for evaluation only: the same outputs, with batch norms folded into the convolutions before them."""
        copied = copy.deepcopy(self).eval()
        copied.body = folded(copied.body)
        return copied


def _widths(shorter: int) -> list[int]:
    """Channels after each halving of an image with this shorter side, in pixels."""
    halvings = (shorter // 4).bit_length() - 1
    return [max(_NARROWEST, _WIDEST >> later) for later in reversed(range(halvings))]


def _convolution(inputs: int, outputs: int, size: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, size, stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


class RandomChange:
    """Changes images (N, C, H, W) in [-1, 1] at random, with the strength of adaptive augmentation at p = 1 (`ADA`).

    Each image is shifted, scaled, stretched, rotated by up to 15 degrees twice, and changed in brightness and contrast,
    where there are red, green and blue also in saturation. With `flip` half of the images are mirrored. Each of several
    channels is shifted by a number of its own, with standard deviation 0.15: a network that knew images by their exact
    hues would look at nothing else. All numbers come from `generator`.
    """

    def __init__(self, channels: int, flip: bool, generator: torch.Generator) -> None:
        self.generator = generator
        self.change = ADA(flip=flip, saturation=channels == 3)
        self.change.p.fill_(1.0)

    def __call__(self, images: Tensor) -> Tensor:
        changed: Tensor = self.change(images, self._uniform)
        rows, channels = images.shape[:2]
        if channels > 1:
            changed = changed + _TINT * torch.randn(rows, channels, 1, 1, generator=self.generator)
        return changed.clamp(-1, 1)

    def _uniform(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return torch.rand(shape, generator=self.generator)


def train_contrastive(
    images: Tensor,
    steps: int,
    seed: int,
    flip: bool,
    report: Callable[[int, float], object] = lambda step, loss: None,
) -> ContrastiveNetwork:
    """A network trained on uint8 images (N, C, H, W), in evaluation mode.

    AdamW, whose learning rate rises for a fifth of the `steps` and falls to 0 by a cosine, in batches of 64 images,
    each of them changed twice by `RandomChange`. The loss sees the features through a head with one hidden layer, which
    is then dropped (SimCLR, section 4.2). The result is a function of the arguments on one machine and one thread.
    `report` receives each step's number and loss. Raises ValueError for fewer images than a batch.
    """
    if len(images) < BATCH_SIZE:
        raise ValueError(f"expected at least {BATCH_SIZE} images besides those held out, got {len(images)}")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    change = RandomChange(images.shape[1], flip, generator)
    model = ContrastiveNetwork(images.shape[1], (images.shape[2], images.shape[3]))
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch has no stub
    head = nn.Sequential(nn.Linear(FEATURES, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, FEATURES))
    weights = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=4e-3, weight_decay=WEIGHT_DECAY)
    descent = Descent(optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, partial(_rate, steps=steps)))
    waiting = torch.empty(0, dtype=torch.int64)
    for step in range(steps):
        if len(waiting) < BATCH_SIZE:
            waiting = torch.randperm(len(images), generator=generator)
        rows, waiting = waiting[:BATCH_SIZE], waiting[BATCH_SIZE:]
        batch = as_floats(images[rows])
        features, _ = model(torch.cat([change(batch), change(batch)]))
        loss = contrastive_loss(*head(features).chunk(2))
        report(step, descent.step(loss))
    return model.eval()


def _rate(step: int, steps: int) -> float:
    """The factor of the learning rate in a step, the first of which is 0."""
    rising = steps // 5
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))


def contrastive_loss(first: Tensor, second: Tensor) -> Tensor:
    """SimCLR's NT-Xent, equation 1, with a temperature of 0.2, from vectors (N, D) of two changes of each image.

    The mean over all 2N vectors of the cross-entropy of finding the other change of the same image by cosine.
    """
    both = normalize(torch.cat([first, second]))
    itself = torch.eye(len(both), dtype=torch.bool)
    similarity = (both @ both.T / _TEMPERATURE).masked_fill(itself, -torch.inf)
    other = torch.arange(len(both)).roll(len(first))
    return cross_entropy(similarity, other)
