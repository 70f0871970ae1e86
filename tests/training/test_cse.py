"""What is merged in a graph, and what is not."""

import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.functional import batch_norm

from saddle.training.cse import merged


def counted(function, *tensors: torch.Tensor) -> dict[str, int]:
    """How often each operation stands in the merged graph of `function`, which gives what `function` gives."""
    with torch.no_grad():
        graph = merged(make_fx(function)(*(tensor.clone() for tensor in tensors)))
        ours, theirs = ([tensor.clone() for tensor in tensors] for _ in range(2))
        torch.manual_seed(0)
        found = graph(*ours)
        torch.manual_seed(0)
        torch.testing.assert_close(found, function(*theirs), rtol=0, atol=0)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    names = [str(node.target) for node in graph.graph.nodes if node.op == "call_function"]
    return {name: names.count(name) for name in names}


A, B = torch.randn(3, 3), torch.randn(3, 3)


def test_the_same_operation_on_the_same_tensors_is_done_once():
    assert counted(lambda a, b: (a @ b, (a @ b).tanh(), b @ a), A, B) == {"aten.mm.default": 2, "aten.tanh.default": 1}


def test_a_detached_tensor_is_the_tensor():
    assert counted(lambda a, b: (a.detach() @ b) + (a @ b.detach()), A, B) == {
        "aten.mm.default": 1,
        "aten.add.Tensor": 1,
    }


def test_what_differs_in_a_number_or_its_kind_stays():
    assert counted(lambda a, b: (a + 1, a + 2, b.sum(0), b.sum(1)), A, B) == {
        "aten.add.Tensor": 2,
        "aten.sum.dim_IntList": 2,
    }


def test_what_is_changed_as_part_of_a_list_is_not_merged():
    def function(a, b):
        first, second = a @ b, a @ b
        torch._foreach_add_([first], 1.0)
        return first, second

    assert counted(function, A, B)["aten.mm.default"] == 2


def test_what_is_changed_in_between_is_computed_again():
    def function(a, b):
        first = a @ b
        a[0].add_(1)
        return first, a @ b

    assert counted(function, A, B)["aten.mm.default"] == 2


def test_random_numbers_are_drawn_anew():
    assert counted(lambda a: (torch.bernoulli(a), torch.bernoulli(a)), A.sigmoid())["aten.bernoulli.default"] == 2


def test_statistics_are_kept_as_often_as_they_are_taken():
    def function(a, mean, variance):
        return [batch_norm(a, mean, variance, training=True) for _ in range(2)]

    found = counted(function, A, torch.zeros(3), torch.ones(3))
    assert sum(number for name, number in found.items() if "batch_norm" in name) == 2


def test_what_is_changed_later_is_not_shared():
    def filled(a):
        one, other = torch.zeros_like(a), torch.zeros_like(a)
        one[0] = 1
        return one, other

    def moved(a):
        one, other = a * 2, a * 2
        one.add_(1)
        return one, other

    assert counted(filled, A)["aten.zeros_like.default"] == 2
    assert counted(moved, A)["aten.mul.Tensor"] == 2
