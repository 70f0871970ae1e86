"""What one extra pass over a batch and a few samples say about a game; it draws no number and changes no state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from saddle.game.networks import discriminator_of, with_labels
from saddle.game.turn import Batch
from saddle.metric.neighbor import distances
from saddle.penalty.base import logits_and_input_gradient
from saddle.training.module import GameModule

_SIDE = 32
_SAME = 8.0  # of 255 gray levels, over the whole image: what float32 may make of no distance at all
_SAME_POINT = 1e-6  # the same of points, whose distances are taken in float64, against their largest coordinate
_TWIN = 0.25  # of the distance that 1 % of real images have to their nearest; samples of a young generator are smooth


def separation(real: Tensor, fake: Tensor) -> Tensor:
    """The chance that D's logit on a real image is above that on a generated one, ties counting half: a scalar.

    `real` (N,) and `fake` (M,) are logits, of which the first 256 count.
    """
    ahead = real[:256, None] - fake[None, :256]
    return (ahead.sign().float().mean() + 1) / 2


def gradients(module: GameModule, batch: Batch) -> dict[str, float]:
    """Mean L2 norms per input of D of gradients at the images of the batch's first part, in evaluation mode.

    An input is an image, or a pack of them. `input_gradient_real` and `input_gradient_fake`: of D's logit. `signal`: of
    the adversarial term of G's loss, times the number of inputs, whatever the loss makes of the logits. Where D judges
    patches, an image's logit is the mean of theirs. Empty for a game that has no such term or no discriminator.
    """
    size = len(batch["image"]) // module.accumulate
    part = {name: value[:size] for name, value in batch.items()}
    turn = next((turn for turn in module.turns if "generator" in turn.trains), None)
    if turn is None or "discriminator" not in module.networks:
        return {}
    made: list[Tensor] = []
    with evaluating(module.networks.values()), torch.enable_grad():
        watch = module.networks["generator"].register_forward_hook(lambda network, inputs, images: made.append(images))
        try:
            alone = replace(module.moment(0), gather=lambda rows: rows)  # the other ranks are not asked
            terms = turn.loss(module.networks, part, alone).terms
        finally:
            watch.remove()
        if "adversarial" not in terms:
            return {}
        (signal,) = torch.autograd.grad(terms["adversarial"], made[0])
        discriminator = with_labels(discriminator_of(module.networks), part)
        _, at_real = logits_and_input_gradient(discriminator, part["image"])
        _, at_fake = logits_and_input_gradient(discriminator, made[0])
    inputs = size // getattr(module.networks["discriminator"], "packing", 1)
    patches = getattr(module.networks["discriminator"], "patches", 1)
    norms = [_norm(signal * inputs, inputs), _norm(at_real / patches, inputs), _norm(at_fake / patches, inputs)]
    return dict(zip(("signal", "input_gradient_real", "input_gradient_fake"), torch.stack(norms).tolist(), strict=True))


def _norm(gradient: Tensor, inputs: int) -> Tensor:
    return gradient.detach().reshape(inputs, -1).norm(dim=1).mean()


@contextmanager
def evaluating(networks: Iterator[nn.Module]) -> Iterator[None]:
    """In evaluation mode, in which batch statistics and power iterations stay as they are and dropout draws nothing."""
    modes = {module: module.training for network in networks for module in network.modules()}
    for module in modes:
        module.training = False
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def neighbors(real: Tensor, samples: Tensor) -> dict[str, float]:
    """What nearest neighbors in pixels say of as many real images as samples, uint8 (N, C, H, W), or in the plane of
    points, float32 (N, 2).

    `duplicates` is the share of samples that have a twin: their nearest other sample is within a quarter of the
    distance to the nearest other image that 1 % of the real images do not exceed. `real_duplicates` is that share of
    the real images themselves, above 0 only where the data repeats itself. `neighbors` is the share of all 2 N images
    whose nearest neighbor is of their own kind (Lopez-Paz & Oquab 2017, arXiv 1610.06545): 1/2 where the kinds cannot
    be told apart, 1 where they are apart.
    """
    number = len(real)
    features = torch.cat([_features(real), _features(samples)])
    apart = distances(features, features).fill_diagonal_(torch.inf)
    within = [apart[:number, :number].amin(1), apart[number:, number:].amin(1)]
    same = _SAME_POINT * float(real.abs().amax()) if real.is_floating_point() else _SAME
    limit = (_TWIN * within[0].quantile(0.01, interpolation="lower")).clamp(min=same)
    own = apart.argmin(1) < number
    kinds = torch.cat([own[:number], ~own[number:]])
    return {
        "duplicates": float((within[1] <= limit).float().mean()),
        "real_duplicates": float((within[0] <= limit).float().mean()),
        "neighbors": float(kinds.float().mean()),
    }


def _features(images: Tensor) -> Tensor:
    """Gray levels (N, D), float32, of at most 32 x 32 averages per channel; of points, their coordinates in float64."""
    if images.dim() == 2:
        return images.double()
    side = [min(size, _SIDE) for size in images.shape[2:]]
    return adaptive_avg_pool2d(images.float(), side).flatten(1)
