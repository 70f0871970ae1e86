import math

import pytest
import torch

from saddle.training.difference import Difference, differences

ONES = [torch.ones(3), torch.ones(2, 2)]


def test_equal_readings_do_not_differ_and_nan_equals_nan():
    numbers = [torch.tensor([1.0, math.nan])]
    run = {("loss", "a"): [torch.tensor(2.0)], ("weight", "g"): numbers}
    branch = {("loss", "a"): [torch.tensor(2.0)], ("weight", "g"): [numbers[0].clone()]}
    assert differences("g", run, branch) == []
    branch["weight", "g"][0][1] = 0.0
    assert [(found.kind, found.name) for found in differences("g", run, branch)] == [("weight", "g")]


def test_a_difference_is_given_in_units_of_the_run():
    changed = [ONES[0], 1 + torch.tensor([[0.0, 0.0], [0.0, 0.7]])]
    (found,) = differences("g", {("gradient", "g"): ONES}, {("gradient", "g"): changed})
    assert (found.turn, found.kind, found.name) == ("g", "gradient", "g")
    assert (found.run, found.branch) == (pytest.approx(math.sqrt(7)), pytest.approx(math.sqrt(6 + 1.7**2)))
    assert found.relative == pytest.approx(0.7 / math.sqrt(7))
    (found,) = differences("g", {("loss", "r1"): [torch.tensor(-2.0)]}, {("loss", "r1"): [torch.tensor(-3.0)]})
    assert found == Difference("g", "loss", "r1", -2.0, -3.0, 0.5)


def test_what_one_side_lacks_differs_and_losses_come_first():
    run = {("weight", "d"): ONES, ("loss", "r1"): [torch.tensor(4.0)]}
    branch = {("weight", "d"): ONES[:1], ("loss", "lecam"): [torch.tensor(5.0)]}
    found = differences(None, run, branch)
    assert [(each.kind, each.name, each.relative) for each in found] == [
        ("loss", "r1", None),
        ("loss", "lecam", None),
        ("weight", "d", None),
    ]
    assert [(each.run, each.branch) for each in found[:2]] == [(4.0, None), (None, 5.0)]


def test_another_precision_is_a_difference():
    (found,) = differences("g", {("weight", "g"): ONES}, {("weight", "g"): [one.double() for one in ONES]})
    assert found.relative == 0.0
