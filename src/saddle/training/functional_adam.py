"""Adam as a function of tensors, for compiled graphs."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from saddle.error import InputError

NUMBERS = 5
"""Length of the tensor of numbers that change between iterations."""


@dataclass(frozen=True)
class AdamRule:
    """The settings of an optimizer that are the same in all steps; AdamW's weight decay is `decoupled`."""

    eps: float
    weight_decay: float
    decoupled: bool

    def step(
        self, weight: Tensor, gradient: Tensor, first: Tensor, second: Tensor, numbers: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """New weight and moments, of the same shape each (Kingma & Ba 2015, algorithm 1, arXiv 1412.6980; the decay of
        Loshchilov & Hutter 2019, algorithm 2, arXiv 1711.05101). `numbers` are those of `numbers_of`, float64 (5,).
        """
        rate, beta1, beta2, first_sum, second_root = numbers.unbind()
        if self.weight_decay and self.decoupled:
            weight = weight * (1 - rate * self.weight_decay)
        elif self.weight_decay:
            gradient = gradient + self.weight_decay * weight
        first = first + (1 - beta1) * (gradient - first)
        second = beta2 * second + (1 - beta2) * gradient * gradient
        return weight - (rate / first_sum) * first / (second.sqrt() / second_root + self.eps), first, second


def rule_of(optimizer: Optimizer) -> AdamRule:
    """The rule of an Adam or AdamW; raises InputError for any other optimizer and for variants of these."""
    (group,) = optimizer.param_groups
    if type(optimizer) not in (Adam, AdamW) or group["amsgrad"] or group["maximize"]:
        raise InputError(
            f"optimizer._target_={type(optimizer).__name__}: training.executor=compiled plays Adam and AdamW without "
            "amsgrad and maximize; use optimizer=adam or adamw, or training.executor=eager"
        )
    decoupled = type(optimizer) is AdamW or group.get("decoupled_weight_decay", False)
    return AdamRule(group["eps"], group["weight_decay"], decoupled)


def numbers_of(optimizer: Optimizer, steps: int) -> list[float]:
    """Learning rate, beta1, beta2, and the two bias corrections of step number `steps` (from 1)."""
    (group,) = optimizer.param_groups
    (beta1, beta2), rate = group["betas"], group["lr"]
    return [rate, beta1, beta2, 1 - beta1**steps, math.sqrt(1 - beta2**steps)]


def state_of(optimizer: Optimizer, parameter: nn.Parameter) -> dict[str, Tensor]:
    """The state of a parameter, initialized as the optimizer itself would."""
    state = optimizer.state[parameter]
    if not state:
        state["step"] = torch.zeros(
            (), dtype=torch.float32, device=parameter.device if optimizer.defaults["fused"] else "cpu"
        )
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
    return state
