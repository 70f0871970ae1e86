"""Measurements of a game's health from one extra pass over a batch and a few samples.

They draw no random numbers and change no state.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from saddle.alpha import has_alpha, premultiplied
from saddle.game.networks import discriminator_of, with_labels
from saddle.game.turn import Batch, Turn
from saddle.metric.neighbor import distances
from saddle.penalty.base import logits_and_input_gradient
from saddle.training.evaluating import evaluating
from saddle.training.module import GameModule

_SIDE = 32
_SAME = 8.0  # gray levels of 255, over the whole image: rounding in float32 may show equal images this far apart
_SAME_POINT = 1e-6  # the same for points in float64, relative to their largest coordinate
_TWIN = 0.25  # of the distance that 1 % of real images have to their nearest; early samples are smooth


def separation(real: Tensor, fake: Tensor) -> Tensor:
    """The probability that D's logit on a real image is above that on a generated one, ties counting half: a scalar.

    `real` (N,) and `fake` (M,) are logits, of which the first 256 are used.
    """
    ahead = real[:256, None] - fake[None, :256]
    return (ahead.sign().float().mean() + 1) / 2


def gradients(module: GameModule, batch: Batch) -> dict[str, float]:
    """Mean L2 norms per input of D of gradients at the images of the batch's first part, in evaluation mode.

    An input is an image, or a pack of images. `input_gradient_real` and `input_gradient_fake` are those of D's logit.
    `signal` is that of the adversarial term of G's loss, times the number of inputs, for any loss. Where D judges
    patches, an image's logit is the mean of theirs. Empty for a game without such a term or without a discriminator.
    """
    size = len(batch["image"]) // module.accumulate
    part = {name: value[:size] for name, value in batch.items()}
    turn = next((turn for turn in module.turns if "generator" in turn.trains), None)
    if turn is None or "discriminator" not in module.networks:
        return {}
    with evaluating(module.networks.values()), torch.enable_grad():
        terms, images = _terms_and_images(module, turn, part)
        if "adversarial" not in terms:
            return {}
        (signal,) = torch.autograd.grad(terms["adversarial"], images)
        discriminator = with_labels(discriminator_of(module.networks), part)
        _, at_real = logits_and_input_gradient(discriminator, part["image"])
        _, at_fake = logits_and_input_gradient(discriminator, images)
    inputs = size // getattr(module.networks["discriminator"], "packing", 1)
    patches = getattr(module.networks["discriminator"], "patches", 1)
    norms = [_norm(signal * inputs, inputs), _norm(at_real / patches, inputs), _norm(at_fake / patches, inputs)]
    names = ("signal", "input_gradient_real", "input_gradient_fake")
    return dict(zip(names, torch.stack(norms).tolist(), strict=True))  # one wait for the device


def _terms_and_images(module: GameModule, turn: Turn, part: Batch) -> tuple[Mapping[str, Tensor], Tensor]:
    """The loss terms of G's turn, and the first images that G generates for them."""
    outputs: list[Tensor] = []
    handle = module.networks["generator"].register_forward_hook(lambda network, inputs, images: outputs.append(images))
    try:
        moment = replace(module.moment(0), gather=lambda rows: rows)  # without the other ranks, which do not probe
        terms = turn.loss(module.networks, part, moment).terms
    finally:
        handle.remove()
    return terms, outputs[0]


def _norm(gradient: Tensor, inputs: int) -> Tensor:
    return gradient.detach().reshape(inputs, -1).norm(dim=1).mean()


def neighbors(real: Tensor, samples: Tensor) -> dict[str, float]:
    """Three shares, in [0, 1], from nearest neighbors among real images and as many samples.

    Images are uint8 (N, C, H, W), compared by their pixels; points are float32 (N, 2), compared in the plane.

    `duplicates` is the share of samples that have a twin: the distance to their nearest other sample is at most a
    quarter of the 1 % quantile of the same distance among real images. `real_duplicates` is that share of the real
    images themselves, above 0 only where the data repeats itself. `neighbors` is the share of all 2 N images whose
    nearest neighbor is of their own kind (Lopez-Paz & Oquab 2017, arXiv 1610.06545): 1/2 where the kinds cannot be
    told apart, 1 where they can.
    """
    number = len(real)
    features = torch.cat([_features(real), _features(samples)])
    distance = distances(features, features).fill_diagonal_(torch.inf)
    among_real = distance[:number, :number].amin(1)
    among_samples = distance[number:, number:].amin(1)
    same = _SAME_POINT * float(real.abs().amax()) if real.is_floating_point() else _SAME
    limit = (_TWIN * among_real.quantile(0.01, interpolation="lower")).clamp(min=same)
    nearest_is_real = distance.argmin(1) < number
    own_kind = torch.cat([nearest_is_real[:number], ~nearest_is_real[number:]])
    return {
        "duplicates": float((among_samples <= limit).float().mean()),
        "real_duplicates": float((among_real <= limit).float().mean()),
        "neighbors": float(own_kind.float().mean()),
    }


def _features(images: Tensor) -> Tensor:
    """Gray levels (N, D), float32, of at most 32 x 32 averages per channel; of points, their coordinates in float64."""
    if images.dim() == 2:
        return images.double()
    height, width = images.shape[2:]
    levels = premultiplied(images.float()) if has_alpha(images) else images.float()
    return adaptive_avg_pool2d(levels, (min(height, _SIDE), min(width, _SIDE))).flatten(1)
