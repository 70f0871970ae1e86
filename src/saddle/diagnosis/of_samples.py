"""Symptoms of samples, of the data, and of what D says about both."""

import math

import torch
from torch import Tensor

from saddle.data.module import ImageData
from saddle.diagnosis.case import FEWEST, Case, logits_of
from saddle.diagnosis.features import features
from saddle.diagnosis.measures import (
    energy_coefficient,
    kinds,
    label_agreement,
    mean_distance,
    nearest_ratio,
    own_kind,
    probability_above,
)
from saddle.diagnosis.symptom import symptom
from saddle.game.adversarial_objective import objective_of
from saddle.seed import hashed_seed
from saddle.training.sampling import as_bytes

_VISIBLE = 0.01
"""The distance of augmented images from real ones below which both are too much alike to tell which samples are like.

So it is where mirrored images are as likely as others.
"""

_SAME_LEVEL = 5
"""Levels of 255 that differ by no more count as one."""


@symptom("1")
def distance(case: Case) -> float | None:
    """How far samples are from real images, from 0 to 1 (energy coefficient of the pixels)."""
    return energy_coefficient(case.features["samples"], case.features["real"])


@symptom("1")
def distance_of_weights(case: Case) -> float | None:
    """The same of samples of G's own weights, without their average."""
    return energy_coefficient(case.features["samples_of_weights"], case.features["real"])


@symptom("1")
def average_loses(case: Case) -> float | None:
    """How much farther from real images samples of the average are than those of G's own weights."""
    if not case.run.uses_average:
        return None
    return _distance_or_0(distance(case)) - _distance_or_0(distance_of_weights(case))


def _distance_or_0(value: float | None) -> float:
    return 0.0 if value is None else value


@symptom("1")
def improvement(case: Case) -> float | None:
    """The share by which the distance fell since an earlier checkpoint of the run, for each halving of what is left."""
    if case.earlier is None:
        return None
    iteration, samples = case.earlier
    before, now = energy_coefficient(features(samples), case.features["real"]), _distance_or_0(distance(case))
    if before == 0:
        return 0.0
    return (1 - now / before) / math.log2(case.run.iteration / iteration)


@symptom("1")
def movement(case: Case) -> float | None:
    """How far samples of the same latents have moved since an earlier checkpoint, in mean distances of real images."""
    if case.earlier is None:
        return None
    moved = (features(case.earlier[1]) - case.features["samples"]).norm(dim=1).mean()
    return float(moved) / max(mean_distance(case.features["real"]), 1e-12)


@symptom("1")
def diversity(case: Case) -> float | None:
    """The mean distance between two samples over that between two real images."""
    return mean_distance(case.features["samples"]) / max(mean_distance(case.features["real"]), 1e-12)


@symptom("1")
def variety(case: Case) -> float | None:
    """How many kinds of real images samples are like, in effect, over how many other real images are like."""
    landmarks, others = case.features["real"], case.features["other_real"]
    if len(others) < FEWEST:
        return None
    return kinds(case.features["samples"][: len(others)], landmarks) / kinds(others, landmarks)


@symptom("samples")
def different_samples(case: Case) -> float | None:
    """How many of 256 samples differ from each other by more than rounding."""
    rows = case.features["samples"]
    limit = 0.005 * mean_distance(case.features["real"])
    left, number = torch.ones(len(rows), dtype=torch.bool), 0
    while bool(left.any()):
        first = rows[left][0]
        left &= (rows - first).norm(dim=1) > limit
        number += 1
    return float(number)


@symptom("1")
def told_apart(case: Case) -> float | None:
    """The share of samples and real images whose nearest neighbor is of their own kind; 0.5 is the aim."""
    number = min(len(case.real), len(case.samples))
    return own_kind(case.features["samples"][:number], case.features["real"][:number])


@symptom("1")
def copying(case: Case) -> float | None:
    """The distance of samples to the nearest training image, over that of training images to each other."""
    return nearest_ratio(case.features["samples"], case.features["real"])


# the data


@symptom("1")
def span_of_data(case: Case) -> float | None:
    """The share of the range of G's tanh that training images fill, from their 0.1 % to their 99.9 % quantile."""
    if not isinstance(case.run.data, ImageData):
        return None
    levels = case.real.flatten()[:: max(1, case.real.numel() // 100_000)].double()
    return float(levels.quantile(0.999) - levels.quantile(0.001)) / 255


@symptom("decades")
def scale_of_points(case: Case) -> float | None:
    """How far the size of points is from 1 in the networks, as a power of ten."""
    if case.real.dim() != 2:
        return None
    size = float(case.real.double().square().mean().sqrt()) / float(case.record["data"].get("scale", 1.0))
    return abs(math.log10(size)) if size > 0 else None


@symptom("1")
def label_match(case: Case) -> float | None:
    """How often the most similar training images have one label, from 0, by chance, to 1, if networks get labels."""
    if case.labels is None or not getattr(case.run.generator, "classes", 0):
        return None
    rows, labels = case.run.data.training()
    assert labels is not None
    chosen = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1))[:1500]
    return label_agreement(features(rows[chosen]), labels[chosen])


@symptom("1")
def leak(case: Case) -> float | None:
    """How much closer samples are to augmented real images than to real ones: the ratio of both distances.

    None without augmentation, and where it changes next to nothing.
    """
    images = _augmented(case)
    if images is None:
        return None
    augmented = features(images)
    if energy_coefficient(augmented, case.features["real"]) < _VISIBLE:
        return None
    return _distance_or_0(distance(case)) / max(energy_coefficient(case.features["samples"], augmented), 1e-6)


@symptom("1")
def common_fill(case: Case) -> float | None:
    """How common the level that augmentation leaves most often in the pixels that it changes is in real images.

    Where it is next to 0, as gray is in black and white drawings, D knows augmented images by it. None without
    augmentation.
    """
    images = _augmented(case)
    if images is None or not bool((images != case.real).any()):
        return None
    counts = torch.bincount(images[images != case.real].long(), minlength=256)
    return float(((case.real.int() - int(counts.argmax())).abs() <= _SAME_LEVEL).double().mean())


def _augmented(case: Case) -> Tensor | None:
    """`real` as D sees it, uint8 (N, C, H, W); None for points, and without augmentation."""
    objective = objective_of(case.run.game)
    flips = bool(getattr(case.run.data, "flip", False))
    if not isinstance(case.run.data, ImageData) or not (flips or (objective and objective.augmentations)):
        return None
    images = case.inputs(case.real)
    if flips:
        images = torch.where(torch.arange(len(images)).view(-1, 1, 1, 1) % 2 == 0, images, images.flip(3))
    if objective:
        _restore(case)
        for augmentation in objective.augmentations.values():
            images = augmentation(images, _uniform)
    return as_bytes(images)


def _restore(case: Case) -> None:
    """Give augmentations that have state, as ADA's strength, the state of the checkpoint."""
    objective = objective_of(case.run.game)
    assert objective is not None
    for name, augmentation in objective.augmentations.items():
        prefix = f"state.{name}."
        state = case.content["state_dict"]
        own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        if own:
            augmentation.load_state_dict(own)


def _uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Numbers in [0, 1) that are the same in every diagnosis."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(hashed_seed("diagnosis", purpose)))


# what D says


@symptom("1")
def tells_apart(case: Case) -> float | None:
    """The probability that D, as it is now, ranks a real image above a sample; 0.5 is guessing."""
    if case.discriminator is None:
        return None
    real, fake = _logits(case)
    return probability_above(real, fake)


@symptom("1")
def remembers(case: Case) -> float | None:
    """The probability that D ranks a training image above one that it has never seen; 0.5 if it remembers none."""
    if case.discriminator is None or case.held_out is None or case.takes_labels:
        return None
    return probability_above(_logits(case)[0], case.logits(case.held_out))


@symptom("1")
def logit_size(case: Case) -> float | None:
    """The root mean square of D's logits about their mean, on real images and samples."""
    if case.discriminator is None:
        return None
    return float(torch.cat(_logits(case)).double().std())


@symptom("1 per unit of an image in [-1, 1]")
def input_gradient(case: Case) -> float | None:
    """The mean length of D's input gradient at real images and samples, the larger of both."""
    return None if case.discriminator is None else max(_input_gradients(case))


@symptom("1")
def gradient_ratio(case: Case) -> float | None:
    """D's input gradient at samples over that at real images, or the other way round: the larger."""
    if case.discriminator is None:
        return None
    real, fake = (max(value, 1e-30) for value in _input_gradients(case))
    return max(real / fake, fake / real)


def _logits(case: Case) -> tuple[Tensor, Tensor]:
    labels = case.labels
    number = min(len(case.real), len(case.samples_of_weights))
    own = None if labels is None else labels[:number]
    return case.logits(case.real[:number], own), case.logits(case.samples_of_weights[:number], own)


def _input_gradients(case: Case) -> list[float]:
    """Mean lengths of the gradient of D's logit at real images and at samples."""
    assert case.discriminator is not None
    lengths: list[float] = []
    for images in (case.real, case.samples_of_weights):
        inputs = case.inputs(images[: FEWEST * 8]).detach().clone().requires_grad_()
        labels = None if case.labels is None else case.labels[: len(inputs)]
        inputs = inputs if labels is None else inputs[: len(labels)].detach().requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(logits_of(case.discriminator, inputs, labels).sum(), inputs)
        lengths.append(float(gradient.flatten(1).norm(dim=1).mean()))
    return lengths
