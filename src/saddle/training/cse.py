"""What an iteration computes twice: merged in the graph of it, so that it is computed once."""

import torch
from torch.fx import GraphModule, Node

_CHANGING = ("batch_norm",)  # with statistics to keep, which the old schemas do not say


def merged(graph: GraphModule) -> GraphModule:
    """`graph`, in which an operation that stands again, on the very same tensors, is gone: its first result serves.

    Both turns of an adversarial game make the same images of the same latent by the same weights, and in mixed
    precision every use of a weight rounds it anew. What is random is never merged, nor are two operations between which
    anything is changed in place, nor results that are changed in place later or share memory with what is.
    """
    first: dict[tuple[int, str], Node] = {}
    changes, changed = 0, _changed(graph)
    for node in graph.graph.nodes:
        if node.op != "call_function":
            continue
        if node.target is torch.ops.aten.detach.default:  # the same tensor, where no derivative is left to take
            _replace(node, node.args[0])
        elif _changes(node):
            changes += 1
        elif node not in changed and not _is_random(node):
            known = first.setdefault((changes, f"{node.target} {node.args} {node.kwargs}"), node)
            if known is not node:
                _replace(node, known)
    graph.recompile()
    return graph


def _changed(graph: GraphModule) -> set[Node]:
    """What an operation changes in place, and all that it was made of, which may share its memory."""
    found: set[Node] = set()
    for node in reversed(graph.graph.nodes):
        if node.op == "call_function" and _changes(node):
            found.update(_written(node))
        elif node in found and _is_view(node):
            found.update(node.all_input_nodes)
    return found


def _written(node: Node) -> list[Node]:
    schema = getattr(node.target, "_schema", None)
    if schema is None or not schema.is_mutable:
        return node.all_input_nodes
    names = [one.name for one in schema.arguments if one.alias_info is not None and one.alias_info.is_write]
    places = [place for place, one in enumerate(schema.arguments) if one.name in names]
    given = [node.args[place] for place in places if place < len(node.args)]
    given += [node.kwargs[name] for name in names if name in node.kwargs]
    return [one for one in given if isinstance(one, Node)]


def _is_view(node: Node) -> bool:
    """Whether a result may share memory with what it is made of; in doubt it does."""
    schema = getattr(node.target, "_schema", None)
    return schema is None or any(one.alias_info is not None for one in schema.returns)


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
