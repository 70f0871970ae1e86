import pytest
import torch

from saddle.layer.packing import packed, packing_of


@pytest.mark.parametrize("space", [(), (3, 5)])
def test_neighbors_are_joined_along_channels(space):
    inputs = torch.randn(6, 2, *space)
    packs = packed(inputs, 3)
    assert packs.shape == (2, 6, *space)
    for pack in range(2):
        for member in range(3):
            assert torch.equal(packs[pack, 2 * member : 2 * member + 2], inputs[3 * pack + member])
    assert packed(inputs, 1) is inputs


def test_packs_are_whole():
    with pytest.raises(ValueError, match="5 inputs make no whole packs of packing=2: use a multiple of it"):
        packed(torch.randn(5, 2), 2)


def test_packs_have_no_labels():
    assert (packing_of(3, False), packing_of(1, True)) == (3, 1)
    with pytest.raises(ValueError, match="packing=2 joins images whose labels may differ"):
        packing_of(2, True)
