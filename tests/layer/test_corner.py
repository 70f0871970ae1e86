import torch

from saddle.layer.corner import corner


def test_each_row_has_a_corner_of_its_own():
    maps = torch.arange(4 * 5 * 7).view(4, 1, 5, 7)
    where = torch.tensor([[0.0, 0.49], [0.2, 0.5], [0.5, 0.1], [0.99, 0.9]])
    made = corner(maps, (2, 3), where)
    expected = [maps[0, :, :2, :3], maps[1, :, :2, -3:], maps[2, :, -2:, :3], maps[3, :, -2:, -3:]]
    assert torch.equal(made, torch.stack(expected))


def test_the_whole_map_is_its_only_corner():
    maps = torch.randn(3, 2, 4, 5)
    assert torch.equal(corner(maps, (4, 5), torch.rand(3, 2)), maps)
