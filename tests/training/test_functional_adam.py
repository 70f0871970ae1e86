import pytest
import torch
from torch import nn

from saddle.error import InputError
from saddle.training.functional_adam import numbers_of, rule_of


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_steps_equal_torchs_own(kind, weight_decay):
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    theirs = nn.Parameter(start.clone())
    optimizer = kind([theirs], lr=0.01, betas=(0.5, 0.9), eps=1e-3, weight_decay=weight_decay)
    rule, mine = rule_of(optimizer), start.clone()
    first, second = torch.zeros_like(mine), torch.zeros_like(mine)
    for step in range(1, 6):
        optimizer.param_groups[0]["lr"] = 0.01 * step
        gradient = torch.randn(5, 3, generator=generator, dtype=torch.float64)
        theirs.grad = gradient.clone()
        optimizer.step()
        numbers = torch.tensor(numbers_of(optimizer, step), dtype=torch.float64)
        mine, first, second = rule.step(mine, gradient, first, second, numbers)
        torch.testing.assert_close(mine, theirs.detach(), rtol=1e-13, atol=1e-15)
    assert (mine - start).abs().min() > 1e-3


@pytest.mark.parametrize(
    "made",
    [
        lambda p: torch.optim.SGD(p, lr=0.1),
        lambda p: torch.optim.Adam(p, amsgrad=True),
        lambda p: torch.optim.AdamW(p, maximize=True),
    ],
)
def test_other_optimizers_are_refused(made):
    with pytest.raises(InputError, match="use optimizer=adam"):
        rule_of(made([nn.Parameter(torch.zeros(1))]))
