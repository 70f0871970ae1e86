from itertools import permutations

import pytest
import torch

from saddle.metric.agreement import agreement


def test_named_classes_agree_where_they_are_equal():
    meant, read = torch.tensor([0, 1, 2, 2, 1]), torch.tensor([0, 1, 2, 1, 0])
    assert agreement(meant, read) == pytest.approx(3 / 5)
    assert agreement(meant, meant) == 1.0
    assert agreement(meant, (meant + 1) % 3) == 0.0


def test_codes_are_matched_with_the_classes_they_are_shown_as():
    meant = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2])
    read = torch.tensor([5, 5, 1, 1, 1, 5, 0, 0])
    assert agreement(meant, read) == pytest.approx(2 / 8)
    assert agreement(meant, read, named=False) == pytest.approx(6 / 8)  # 0 is 5, 1 is 1, 2 is 0


def test_no_two_codes_are_matched_with_one_class():
    meant, read = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([4, 4, 4, 4, 4, 2])
    assert agreement(meant, read, named=False) == pytest.approx(4 / 6)  # each alone would be shown as 4: 5 / 6


@pytest.mark.parametrize(("codes", "classes"), [(4, 4), (3, 5), (5, 3)])
def test_the_matching_is_the_best_of_all(codes, classes):
    generator = torch.Generator().manual_seed(codes)
    meant, read = (torch.randint(size, (60,), generator=generator) for size in (codes, classes))
    few, many = sorted((codes, classes))
    shares = []
    for places in permutations(range(many), few):
        if codes <= classes:
            agreed = sum(((meant == i) & (read == place)).sum() for i, place in enumerate(places))
        else:
            agreed = sum(((meant == place) & (read == i)).sum() for i, place in enumerate(places))
        shares.append(float(agreed) / 60)
    assert agreement(meant, read, named=False) == pytest.approx(max(shares))
    assert max(shares) < 1
