"""Images, or points, from a trained generator."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from saddle.training.batch_norm import recompute_batch_statistics
from saddle.training.noise import fixed_noise

_POWER_ITERATIONS = 100
_STATISTICS_BATCHES, _STATISTICS_BATCH_SIZE = 4, 128


def ready(generator: nn.Module, seed: int) -> nn.Module:
    """`generator` in evaluation mode, its batch statistics recomputed in place from noise that depends on `seed`,
    and its spectral norms exact.

    For a conditional generator they are statistics over all classes in equal shares.
    """
    weight = next(generator.parameters())
    shape = (_STATISTICS_BATCH_SIZE, generator.latent_dim)
    labels = all_labels(generator, _STATISTICS_BATCH_SIZE)
    given = () if labels is None else (labels.to(weight.device),)
    generator.eval()
    _settle_spectral_norms(generator)
    recompute_batch_statistics(
        generator,
        ((fixed_noise(seed, f"statistics {i}", shape).to(weight), *given) for i in range(_STATISTICS_BATCHES)),
    )
    return generator


def _settle_spectral_norms(network: nn.Module) -> None:
    """Bring each spectrally normalized weight to a largest singular value of 1: the power iteration's vectors are those
    of the weights that were trained, and an average has others.
    """
    for module in network.modules():
        if is_parametrized(module, "weight"):
            module.parametrizations.train()
            for _ in range(_POWER_ITERATIONS):
                _ = module.weight  # each look is a step
            module.parametrizations.eval()


def all_labels(generator: nn.Module, num: int) -> Tensor | None:
    """Labels (num,) int64 that go through the classes in turn, or None for a generator that takes none."""
    return torch.arange(num) % generator.classes if generator.classes else None


def truncated(noise: Tensor, threshold: float) -> Tensor:
    """Standard normal numbers brought to a normal distribution cut off at +-`threshold`, in order, one by one.

    The truncation trick (Brock et al. 2019, section 3.1, arXiv 1809.11096) draws numbers beyond the threshold again;
    here each number keeps its rank in the same distribution, so that images stay comparable between thresholds.
    """
    low, high = (torch.special.ndtr(torch.tensor(t, dtype=torch.float64)) for t in (-threshold, threshold))
    ranks = low + torch.special.ndtr(noise.double()) * (high - low)
    return torch.special.ndtri(ranks).clamp(-threshold, threshold).to(noise.dtype)


@torch.no_grad()
def images_from(
    generator: nn.Module,
    num: int,
    seed: int,
    labels: Tensor | None = None,
    truncation: float | None = None,
    batch_size: int = 500,
) -> Tensor:
    """`num` images, uint8 (num, C, H, W) on the CPU, of a generator that is `ready`; image i depends on (seed, i).

    Of a generator of points they are points, float32 (num, 2), as it makes them. `labels` (num,) int64 are what a
    conditional generator is asked for; by default all classes in turn. `truncation` cuts the latent off at that many
    standard deviations.
    """
    weight = next(generator.parameters())
    latent = fixed_noise(seed, "samples", (num, generator.latent_dim))
    if truncation is not None:
        latent = truncated(latent, truncation)
    labels = all_labels(generator, num) if labels is None else labels
    given = [latent] if labels is None else [latent, labels]
    parts = zip(*(values.split(batch_size) for values in given), strict=True)
    made = torch.cat(
        [generator(part[0].to(weight), *(p.to(weight.device) for p in part[1:])).float().cpu() for part in parts]
    )
    return made if made.dim() == 2 else ((made + 1) * 127.5).round_().clamp_(0, 255).to(torch.uint8)
