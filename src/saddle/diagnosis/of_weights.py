"""Symptoms of weights, of optimizer states and of the units of the networks."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from saddle.diagnosis.case import Case, logits_of
from saddle.diagnosis.symptom import symptom


@symptom("1")
def dead_units_of_generator(case: Case) -> float | None:
    """The share of G's units behind ReLU that are 0 for every sample."""
    network = case.weights
    return None if network is None else dead_share(network, lambda: case.samples_of(network))


@symptom("1")
def dead_units_of_discriminator(case: Case) -> float | None:
    """The share of D's units behind ReLU that are 0 for every real image and every sample."""
    network = case.discriminator
    if network is None:
        return None
    inputs = torch.cat([case.real, case.samples_of_weights.to(case.real.dtype)])
    labels = None if case.labels is None else case.labels[torch.arange(len(inputs)) % len(case.labels)]
    return dead_share(network, lambda: logits_of(network, case.inputs(inputs), labels))


def dead_share(network: nn.Module, call: Callable[[], object]) -> float | None:
    """The share of units behind ReLU that are 0 in all rows and places while `call` runs; None without ReLU.

    A unit is a feature of a linear layer, or a channel of a convolution.
    """
    largest: dict[int, Tensor] = {}

    def note(layer: nn.Module, inputs: Any, output: Tensor) -> None:
        values = output.detach().transpose(0, 1).flatten(1).amax(1)
        before = largest.get(id(layer))
        largest[id(layer)] = values if before is None else torch.maximum(before, values)

    handles = [layer.register_forward_hook(note) for layer in network.modules() if isinstance(layer, nn.ReLU)]
    try:
        with torch.no_grad():
            call()
    finally:
        for handle in handles:
            handle.remove()
    units = list(largest.values())
    return float((torch.cat(units) <= 0).double().mean()) if units else None


@symptom("1 per step")
def step_of_discriminator(case: Case) -> float | None:
    """The length of D's last step of Adam over the length of its weights."""
    return _relative_step(case, "discriminator", case.discriminator)


@symptom("1 per step")
def step_of_generator(case: Case) -> float | None:
    """The length of G's last step of Adam over the length of its weights."""
    return _relative_step(case, "generator", case.weights)


def _relative_step(case: Case, turn: str, network: nn.Module | None) -> float | None:
    if network is None:
        return None
    names = [played.name for played in case.run.game.turns()]
    if turn not in names or len(names) != len(case.content["optimizer_states"]):
        return None
    weights = [parameter.detach() for parameter in network.parameters()]
    return relative_step(case.content["optimizer_states"][names.index(turn)], weights)


def relative_step(state: dict[str, Any], weights: list[Tensor]) -> float | None:
    """The length of Adam's step lr m / (sqrt(v) + eps), bias corrected (Kingma & Ba 2015), over that of the weights.

    `state` is that of the optimizer in a checkpoint. None for other optimizers, and before the first step.
    """
    moments = [entry for entry in state["state"].values() if {"exp_avg", "exp_avg_sq", "step"} <= entry.keys()]
    group = state["param_groups"][0]
    size = math.sqrt(sum(float(weight.double().square().sum()) for weight in weights))
    if not moments or size == 0:
        return None
    first, second = group["betas"]
    length = 0.0
    for entry in moments:
        steps = float(entry["step"])
        mean = entry["exp_avg"].double() / (1 - first**steps)
        spread = (entry["exp_avg_sq"].double() / (1 - second**steps)).sqrt() + group["eps"]
        length += float((mean / spread).square().sum())
    return float(group["lr"]) * math.sqrt(length) / size


@symptom("1")
def distance_of_average(case: Case) -> float | None:
    """How far the averaged weights of G lie from G's own, over the length of these."""
    if not case.run.uses_average or case.weights is None:
        return None
    own, average = dict(case.weights.named_parameters()), dict(case.run.generator.named_parameters())
    difference = sum(float((own[name] - average[name]).double().square().sum()) for name in own)
    size = sum(float(weight.double().square().sum()) for weight in own.values())
    return math.sqrt(difference / size) if size > 0 else None
