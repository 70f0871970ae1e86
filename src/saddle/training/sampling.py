"""Images, or points, from a trained generator."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from saddle.data.loader import as_floats
from saddle.data.memory import MemoryData
from saddle.training.batch_norm import recompute_batch_statistics
from saddle.training.noise import fixed_noise

_POWER_ITERATIONS = 100
_STATISTICS_BATCHES, _STATISTICS_BATCH_SIZE = 4, 128


def ready(network: nn.Module, seed: int) -> nn.Module:
    """`network` in evaluation mode, its spectral norms exact, and, if it is a generator that reads a latent, its batch
    statistics recomputed in place from noise that depends on `seed`.

    For a conditional generator they are statistics over all classes in equal shares.
    """
    network.eval()
    _settle_spectral_norms(network)
    if reads(network) == "latent":
        weight, labels = next(network.parameters()), all_labels(network, _STATISTICS_BATCH_SIZE)
        given = () if labels is None else (labels.to(weight.device),)
        shape = (_STATISTICS_BATCH_SIZE, network.latent_dim)
        noise = (fixed_noise(seed, f"statistics {i}", shape).to(weight) for i in range(_STATISTICS_BATCHES))
        recompute_batch_statistics(network, ((latent, *given) for latent in noise))
    return network


def reads(network: nn.Module) -> str:
    """What a network is given: "latent" numbers, the images of another domain ("source"), or "image"."""
    return getattr(network, "reads", "image")


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
    sources: Tensor | None = None,
    batch_size: int = 500,
) -> Tensor:
    """`num` images, uint8 (num, C, H, W) on the CPU, of a generator that is `ready`; image i depends on (seed, i).

    Of a generator of points they are points, float32 (num, 2), as it makes them. `labels` (num,) int64 are what a
    conditional generator is asked for; by default all classes in turn. `truncation` cuts the latent off at that many
    standard deviations. A generator that reads "source" is given `sources`, uint8 (M, C, H, W), in order, from the
    first one again where they are fewer; `seed` and `truncation` say nothing there.
    """
    if reads(generator) == "source":
        assert sources is not None, "a generator that translates images needs some"
        given = [sources[torch.arange(num) % len(sources)]]
    else:
        latent = fixed_noise(seed, "samples", (num, generator.latent_dim))
        given = [latent if truncation is None else truncated(latent, truncation)]
        labels = all_labels(generator, num) if labels is None else labels
        given += [] if labels is None else [labels]
    made = through(generator, *given, batch_size=batch_size)
    return made if made.dim() == 2 else as_bytes(made)


def sources_for(generator: nn.Module, data: MemoryData, num: int) -> Tensor | None:
    """The `sources` of `images_from` for so many images: none for a generator that reads something else."""
    return data.to_translate(num) if reads(generator) == "source" else None


@torch.no_grad()
def through(network: nn.Module, *given: Tensor, batch_size: int = 500) -> Tensor:
    """What a network that is `ready` makes of its inputs (N, ...), float32 (N, ...) on the CPU, in parts that fit into
    memory. Inputs in uint8 are images, which it reads in [-1, 1].
    """
    return torch.cat([_made(network, *part) for part in zip(*(v.split(batch_size) for v in given), strict=True)])


def _made(network: nn.Module, read: Tensor, *given: Tensor) -> Tensor:
    weight = next(network.parameters())
    read = as_floats(read) if read.dtype == torch.uint8 else read
    return network(read.to(weight), *(values.to(weight.device) for values in given)).float().cpu()


def as_bytes(images: Tensor) -> Tensor:
    """Images in [-1, 1] as uint8, 0 to 255."""
    return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
