"""Parameter gradients in each precision stay within the error that docs/precision.md states."""

import pytest
from precision import errors


@pytest.mark.parametrize(
    "choices",
    [
        ["loss=non_saturating", "penalty=none"],
        ["loss=wasserstein", "penalty=gradient_penalty"],
        ["loss=relativistic", "penalty=[r1,r2]", "penalty.r1.precision=32"],
        ["loss=relativistic", "penalty=[r1,r2]", "penalty.r1.precision=inherit", "penalty.r2.precision=inherit"],
        ["loss=relativistic_average", "penalty=[r1,lecam,feature_matching,balanced_consistency]"],
    ],
)
def test_gradients_are_within_the_stated_error(choices):
    found = errors("mlp", choices)
    assert all(0 < error < 2e-5 for error in found["32"])
    assert all(1e-4 < error < 5e-2 for error in found["bf16"])
