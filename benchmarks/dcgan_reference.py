"""The DCGAN of the usual tutorial in plain torch, for comparison with saddle. It is not tuned.

Networks, initial weights and optimizer are those of Radford et al. 2016 (arXiv 1511.06434, sections 3 and 4) at 64
pixels: four halvings, 64 to 512 channels, batch norm, weights from N(0, 0.02), Adam with rate 2e-4 and beta1 0.5,
batches of 128, the non-saturating loss. At 32 pixels the widest stage is left out. There is no average of G, and G
draws with the statistics of its batch, because the tutorial never leaves training mode.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

LATENT_DIM = 100
BATCH_SIZE = 128
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}
WIDTHS = {64: (64, 128, 256, 512), 32: (64, 128, 256)}


def generator(side: int, channels: int = 3) -> nn.Sequential:
    """Maps latents (N, 100, 1, 1) to images (N, channels, side, side) in [-1, 1]."""
    widths = WIDTHS[side][::-1]
    layers = [nn.ConvTranspose2d(LATENT_DIM, widths[0], 4, 1, 0, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for before, after in pairwise(widths):
        layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    layers += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False), nn.Tanh()]
    return nn.Sequential(*layers).apply(initialize)


def discriminator(side: int, channels: int = 3) -> nn.Sequential:
    """Maps images (N, channels, side, side) to logits (N, 1, 1, 1)."""
    widths = WIDTHS[side]
    layers = [nn.Conv2d(channels, widths[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False)]
    return nn.Sequential(*layers).apply(initialize)


def initialize(layer: nn.Module) -> None:
    """Initial weights, as the tutorial draws them."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)


def train_dcgan(images: Tensor, seed: int, is_over: Callable[[], bool]) -> tuple[nn.Module, int]:
    """G, trained on uint8 images (M, C, side, side) until `is_over` says so, and the number of real images seen."""
    torch.manual_seed(seed)
    side, channels = images.shape[3], images.shape[1]
    g, d = generator(side, channels), discriminator(side, channels)
    optimizer_g, optimizer_d = torch.optim.Adam(g.parameters(), **ADAM), torch.optim.Adam(d.parameters(), **ADAM)
    seen = 0
    ones, zeros = torch.ones(BATCH_SIZE, 1, 1, 1), torch.zeros(BATCH_SIZE, 1, 1, 1)
    for real in batches(images):
        if is_over():
            break
        fake = g(torch.randn(BATCH_SIZE, LATENT_DIM, 1, 1))
        loss = binary_cross_entropy_with_logits(d(real), ones)
        loss = loss + binary_cross_entropy_with_logits(d(fake.detach()), zeros)
        optimizer_d.zero_grad()
        loss.backward()
        optimizer_d.step()
        loss = binary_cross_entropy_with_logits(d(fake), ones)
        optimizer_g.zero_grad()
        loss.backward()
        optimizer_g.step()
        seen += BATCH_SIZE
    return g, seen


def batches(images: Tensor) -> Iterator[Tensor]:
    """Batches of uint8 images, shuffled in each epoch, as numbers in [-1, 1], without end."""
    while True:
        for rows in torch.randperm(len(images)).split(BATCH_SIZE):
            if len(rows) == BATCH_SIZE:
                yield images[rows].float() / 127.5 - 1
