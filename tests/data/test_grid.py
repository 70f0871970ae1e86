import itertools

from saddle.data.grid import Grid


def test_the_25_modes_of_the_papers():
    data = Grid(batch_size=8, seed=0)
    assert {tuple(mode) for mode in data.modes.tolist()} == set(itertools.product((-4, -2, 0, 2, 4), repeat=2))
    assert (len(data.modes), data.std) == (25, 0.05)


def test_an_even_side_has_no_mode_at_the_origin():
    data = Grid(batch_size=8, seed=0, side=2, spacing=1.0)
    assert {tuple(mode) for mode in data.modes.tolist()} == set(itertools.product((-0.5, 0.5), repeat=2))
    assert Grid(batch_size=8, seed=0, side=1).modes.tolist() == [[0.0, 0.0]]


def test_the_scale_is_the_deviation_of_a_coordinate():
    data = Grid(batch_size=8, seed=0)
    assert abs(float(data.training()[0].std(0).mean()) - data.scale) < 0.02
