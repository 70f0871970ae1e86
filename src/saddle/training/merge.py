"""What an iteration computes twice: merged in the graph of it, so that it is computed once."""

import torch
from torch.fx import GraphModule, Node

_CHANGING = ("batch_norm",)  # with statistics to keep, which the old schemas do not say


def merged(graph: GraphModule) -> GraphModule:
    """`graph`, in which an operation that stands again, on the very same tensors, is gone: its first result serves.

    Both turns of an adversarial game make the same images of the same latent by the same weights, and in mixed
    precision every use of a weight rounds it anew. What is random is never merged, nor are two operations between which
    anything is changed in place.
    """
    first: dict[tuple[int, str], Node] = {}
    changes = 0
    for node in graph.graph.nodes:
        if node.op != "call_function":
            continue
        if node.target is torch.ops.aten.detach.default:  # the same tensor, where no derivative is left to take
            _replace(node, node.args[0])
        elif _changes(node):
            changes += 1
        elif not _is_random(node):
            known = first.setdefault((changes, f"{node.target} {node.args} {node.kwargs}"), node)
            if known is not node:
                _replace(node, known)
    graph.recompile()
    return graph


def _replace(node: Node, other: Node) -> None:
    node.replace_all_uses_with(other)
    node.graph.erase_node(node)


def _changes(node: Node) -> bool:
    """Whether an operation changes what it is given; in doubt it does."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return getattr(node.target, "__name__", "") != "getitem"
    return schema.is_mutable or any(name in schema.name for name in _CHANGING)


def _is_random(node: Node) -> bool:
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
