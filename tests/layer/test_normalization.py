import pytest
from torch import nn

from saddle.layer.normalization import normalized, weighted


@pytest.mark.parametrize(("dimensions", "kind"), [(1, nn.BatchNorm1d), (2, nn.BatchNorm2d)])
def test_batch_norm_has_the_dimensions_asked_for(dimensions, kind):
    (norm,) = normalized(6, "batch", dimensions)
    assert type(norm) is kind
    assert norm.num_features == 6
    assert normalized(6, "spectral", dimensions) == normalized(6, "none", dimensions) == []


def test_only_spectral_normalization_changes_a_layer():
    assert not hasattr(weighted(nn.Linear(2, 2), "batch"), "parametrizations")
    assert hasattr(weighted(nn.Linear(2, 2), "spectral"), "parametrizations")
