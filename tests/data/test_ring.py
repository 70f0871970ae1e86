import math
from itertools import pairwise

import pytest

from saddle.data.ring import Ring


def test_the_eight_modes_of_the_papers():
    data = Ring(batch_size=8, seed=0)
    assert data.modes.norm(dim=1).tolist() == pytest.approx([1.0] * 8)
    angles = sorted(math.atan2(y, x) % (2 * math.pi) for x, y in data.modes.tolist())
    assert [b - a for a, b in pairwise(angles)] == pytest.approx([math.pi / 4] * 7)
    assert (data.std, data.size, data.classes, data.image_size) == (0.01, 100_000, 0, None)


def test_count_and_radius_can_be_chosen():
    data = Ring(batch_size=8, seed=0, count=3, radius=2.0)
    assert data.modes.norm(dim=1).tolist() == pytest.approx([2.0] * 3)
