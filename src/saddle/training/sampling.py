"""Images, or points, from a trained generator."""

from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from saddle.alpha import has_alpha, straight
from saddle.architecture.base import Generator
from saddle.data.loader import as_floats
from saddle.data.memory import MemoryData
from saddle.training.batch_norm import recompute_batch_statistics
from saddle.training.class_labels import labels_in_shares, labels_in_turn
from saddle.training.noise import fixed_noise

_POWER_ITERATIONS = 100
_STATISTICS_BATCHES, _STATISTICS_BATCH_SIZE = 4, 128
_FEWEST = 8  # rows of a pass: products of matrices with one to three rows are rounded differently


def ready(network: nn.Module, seed: int, shares: Sequence[float] | None = None) -> nn.Module:
    """`network` in evaluation mode, with exact spectral norms; changed in place.

    The batch statistics of a generator that reads a latent are recomputed from noise that depends on `seed`; for a
    conditional one over all classes in these `shares`, or in equal ones.
    """
    network.eval()
    _settle_spectral_norms(network)
    if reads(network) == "latent":
        _recompute_statistics(cast(Generator, network), seed, shares)
    return network


def _recompute_statistics(generator: Generator, seed: int, shares: Sequence[float] | None) -> None:
    weight, labels = next(generator.parameters()), _statistics_labels(generator, shares)
    shape = (_STATISTICS_BATCH_SIZE, generator.latent_dim)

    def inputs() -> Iterator[tuple[Tensor, ...]]:
        for i in range(_STATISTICS_BATCHES):
            latent = fixed_noise(seed, f"statistics {i}", shape).to(weight)
            yield (latent,) if labels is None else (latent, labels[i].to(weight.device))

    recompute_batch_statistics(generator, inputs())


def _statistics_labels(generator: Generator, shares: Sequence[float] | None) -> Tensor | None:
    """The labels (batches, batch size) from which statistics are recomputed; None for a generator without labels.

    Without `shares`, as for checkpoints that do not hold them, each batch begins with the first class.
    """
    if shares is None:
        labels = all_labels(generator, _STATISTICS_BATCH_SIZE)
        return None if labels is None else labels.expand(_STATISTICS_BATCHES, -1)
    labels = all_labels(generator, _STATISTICS_BATCHES * _STATISTICS_BATCH_SIZE, shares)
    return None if labels is None else labels.view(_STATISTICS_BATCHES, _STATISTICS_BATCH_SIZE)


def reads(network: nn.Module) -> str:
    """What a network reads: "latent" numbers, images of another domain ("source"), or, by default, "image"."""
    return getattr(network, "reads", "image")


def _settle_spectral_norms(network: nn.Module) -> None:
    """Bring each spectrally normalized weight to a largest singular value of 1.

    The vectors of the power iteration belong to the trained weights, and an average has other weights.
    """
    for module in network.modules():
        if is_parametrized(module, "weight"):
            parametrizations = cast(nn.ModuleDict, module.parametrizations)
            parametrizations.train()
            for _ in range(_POWER_ITERATIONS):
                _ = module.weight  # each access is a step of the power iteration
            parametrizations.eval()


def all_labels(generator: nn.Module, num: int, shares: Sequence[float] | None = None) -> Tensor | None:
    """Labels (num,) int64 of all classes, or None for a generator without labels.

    They are in these `shares`, evenly spread (`labels_in_shares`); without them they cycle through the classes.
    """
    classes = cast(Generator, generator).classes
    if not classes:
        return None
    return labels_in_turn(classes, num) if shares is None else labels_in_shares(shares, num)


def truncated(noise: Tensor, threshold: float) -> Tensor:
    """Standard normal numbers mapped to a normal distribution cut off at +-`threshold`, elementwise, in rank order.

    The truncation trick (Brock et al. 2019, section 3.1, arXiv 1809.11096) resamples numbers beyond the threshold;
    here each number keeps its rank in the same distribution, so images stay comparable between thresholds.
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
    sources: Tensor | None = None,
    batch_size: int = 500,
) -> Tensor:
    """`num` images, uint8 (num, C, H, W) on the CPU, from a generator that is `ready`; image i depends on (seed, i).

    A generator of points gives points, float32 (num, 2). `labels` (num,) int64 are the classes for a conditional
    generator; by default they cycle through all classes. `truncation` cuts the latent off at that many standard
    deviations. A generator that reads "source" translates `sources`, uint8 (M, C, H, W), in order, starting over if
    they are fewer than `num`; it ignores `seed` and `truncation`.
    """
    if reads(generator) == "source":
        assert sources is not None, "a generator that translates images needs sources"
        inputs = [sources[torch.arange(num) % len(sources)]]
    else:
        latent = fixed_noise(seed, "samples", (num, cast(Generator, generator).latent_dim))
        inputs = [latent if truncation is None else truncated(latent, truncation)]
        labels = all_labels(generator, num) if labels is None else labels
        inputs += [] if labels is None else [labels]
    outputs = through(generator, *inputs, batch_size=batch_size)
    return outputs if outputs.dim() == 2 else as_bytes(outputs)


def sources_for(generator: nn.Module, data: MemoryData, num: int) -> Tensor | None:
    """The `sources` of `images_from` for `num` images; None for a generator that reads something else."""
    return data.to_translate(num) if reads(generator) == "source" else None


@torch.no_grad()
def through(network: nn.Module, *inputs: Tensor, batch_size: int = 500) -> Tensor:
    """The outputs of a network that is `ready` for inputs (N, ...), float32 (N, ...) on the CPU, batch by batch.

    Few rows are computed beside copies of the last one, so that an output does not depend on their number. A first
    input in uint8 holds images, which the network reads in [-1, 1].
    """
    batches = zip(*(values.split(batch_size) for values in inputs), strict=True)
    return torch.cat([_output(network, *map(_enough, batch))[: len(batch[0])] for batch in batches])


def _enough(values: Tensor) -> Tensor:
    """`values` (N, ...) and copies of the last row, so that there are at least `_FEWEST`."""
    return torch.cat([values, *(values[-1:] for _ in range(len(values), _FEWEST))])


def _output(network: nn.Module, first: Tensor, *others: Tensor) -> Tensor:
    weight = next(network.parameters())
    first = as_floats(first) if first.dtype == torch.uint8 else first
    return network(first.to(weight), *(values.to(weight.device) for values in others)).float().cpu()


def as_bytes(images: Tensor) -> Tensor:
    """Images (..., C, H, W) in [-1, 1] as uint8, 0 to 255, with the colors of PNG beside alpha (`saddle.alpha`)."""
    levels = (images + 1) * 127.5
    if has_alpha(images):
        levels = straight(levels)
    return levels.round().clamp(0, 255).to(torch.uint8)
