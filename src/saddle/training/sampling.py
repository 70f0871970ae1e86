"""Images from a trained generator."""

import torch
from torch import Tensor, nn

from saddle.training.batch_norm import recompute_batch_statistics
from saddle.training.noise import fixed_noise

_STATISTICS_BATCHES, _STATISTICS_BATCH_SIZE = 4, 128


def ready(generator: nn.Module, seed: int) -> nn.Module:
    """`generator` in evaluation mode, its batch statistics recomputed in place from noise that depends on `seed`."""
    weight = next(generator.parameters())
    shape = (_STATISTICS_BATCH_SIZE, generator.latent_dim)
    generator.eval()
    recompute_batch_statistics(
        generator,
        (fixed_noise(seed, f"statistics {i}", shape).to(weight) for i in range(_STATISTICS_BATCHES)),
    )
    return generator


@torch.no_grad()
def images_from(generator: nn.Module, num: int, seed: int, batch_size: int = 500) -> Tensor:
    """`num` images, uint8 (num, C, H, W) on the CPU, of a generator that is `ready`; image i depends on (seed, i)."""
    weight = next(generator.parameters())
    latent = fixed_noise(seed, "samples", (num, generator.latent_dim))
    parts = [generator(part.to(weight)).float().cpu() for part in latent.split(batch_size)]
    return ((torch.cat(parts) + 1) * 127.5).round_().clamp_(0, 255).to(torch.uint8)
