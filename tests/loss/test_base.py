import pytest
import torch

from saddle.loss.base import check_logits


@pytest.mark.parametrize("shape", [(4, 1), (1, 4), (3,), ()])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"logits of shape \(4,\)"):
        check_logits(torch.zeros(shape), 4)


@pytest.mark.parametrize(
    ("given", "returned"), [("bfloat16", "float32"), ("float32", "float32"), ("float64", "float64")]
)
def test_half_precision_becomes_float32_and_nothing_else_changes(given, returned):
    logits = torch.tensor([1.5, -2.0], dtype=getattr(torch, given))
    checked = check_logits(logits, 2)
    assert checked.dtype == getattr(torch, returned)
    assert checked.tolist() == [1.5, -2.0]
