"""Which networks look at each input by itself: as they say, and as two passes and one show."""

import copy

import pytest
import torch
from torch import nn

from saddle.architecture import dcgan, mlp
from saddle.layer.per_sample import is_per_sample

MADE = {
    "mlp": (lambda: mlp.Discriminator(8, 1, (5,)), True),
    "dcgan": (lambda: dcgan.Discriminator(8, 1, (3, 4)), True),
    "packs": (lambda: mlp.Discriminator(8, 1, (5,), packing=2), True),
    "attention": (lambda: dcgan.Discriminator(8, 1, (3, 4), attention=4), True),
    "batch norm": (lambda: mlp.Discriminator(8, 1, (5, 5), normalization="batch"), False),
    "batch norm of images": (lambda: dcgan.Discriminator(8, 1, (3, 4), normalization="batch"), False),
    "spectral norm": (lambda: mlp.Discriminator(8, 1, (5,), normalization="spectral"), False),
    "standard deviation": (lambda: mlp.Discriminator(8, 1, (5,), minibatch_stddev=4), False),
    "statistics of each input": (lambda: nn.Sequential(nn.InstanceNorm2d(1, track_running_stats=True)), False),
    "dropout": (lambda: nn.Sequential(nn.Flatten(), nn.Dropout(0.5)), False),
}


@pytest.mark.parametrize("name", MADE)
def test_one_pass_does_what_two_do_where_it_says_so(name):
    make, expected = MADE[name]
    torch.manual_seed(0)
    one = make().double().train()
    two = copy.deepcopy(one)
    assert is_per_sample(one) == expected
    first, second = torch.randn(2, 4, 1, 8, 8, dtype=torch.float64)
    together = one(torch.cat([first, second]))
    apart = torch.cat([two(first), two(second)])
    pairs = [(together, apart), *zip(one.buffers(), two.buffers(), strict=True)]
    assert all(torch.allclose(a, b, rtol=1e-10, atol=1e-14) for a, b in pairs) == expected
