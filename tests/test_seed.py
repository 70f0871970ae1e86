from saddle.seed import hashed_seed


def test_seeds_are_pinned_and_separate_their_parts():
    assert hashed_seed(0, "weights") == 5421806286578840949
    keys = [(1, 23), (12, 3), (123,), ("1", "23", ""), (0, 1, 23)]
    assert len({hashed_seed(*key) for key in keys}) == len(keys)
    assert all(0 <= hashed_seed(i) < 2**63 for i in range(100))
