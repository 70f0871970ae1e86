import torch
from torch import nn

from saddle.training.batch_norm import recompute_batch_statistics


def test_statistics_become_those_of_the_inputs():
    norm = nn.BatchNorm1d(3)
    network = nn.Sequential(norm).eval()
    batches = [torch.randn(50, 3) * 4 + 2 for _ in range(3)]
    norm.running_mean.fill_(99.0)
    recompute_batch_statistics(network, [(batch,) for batch in batches])
    torch.testing.assert_close(norm.running_mean, torch.stack([b.mean(0) for b in batches]).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack([b.var(0) for b in batches]).mean(0))
    assert norm.momentum == 0.1
    assert not norm.training


def test_without_batch_norm_no_input_is_read():
    recompute_batch_statistics(nn.Linear(2, 2), iter([None]))
