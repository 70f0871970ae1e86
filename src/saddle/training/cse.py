"""Common subexpression elimination: an operation that occurs twice in a graph is computed once."""

import torch
from torch.fx import GraphModule, Node

_CHANGING = ("batch_norm",)  # it changes running statistics, which its old schema does not declare


def merged(graph: GraphModule) -> GraphModule:
    """`graph` with each repeated operation on the same tensors replaced by its first result; changed in place.

    Both turns of an adversarial game generate the same images from the same latent and weights, and in mixed precision
    each use of a weight casts it again. Random operations are never merged, nor are two operations with an in-place
    change between them, nor results that are changed in place later or share memory with such a tensor.
    """
    first: dict[tuple[int, str], Node] = {}
    changed = _changed(graph)
    changes = 0
    for node in graph.graph.nodes:
        if node.op != "call_function":
            continue
        if node.target is torch.ops.aten.detach.default:  # the identity: all derivatives are already in the graph
            _replace(node, node.args[0])
        elif _changes(node):
            changes += 1
        elif node not in changed and not _is_random(node):
            original = first.setdefault((changes, f"{node.target} {node.args} {node.kwargs}"), node)
            if original is not node:
                _replace(node, original)
    graph.recompile()
    return graph


def _changed(graph: GraphModule) -> set[Node]:
    """The tensors that are changed in place, and those that may share memory with one of them."""
    changed: set[Node] = set()
    for node in reversed(graph.graph.nodes):
        if node.op == "call_function" and _changes(node):
            changed.update(_written(node))
        elif node in changed and _is_view(node):
            changed.update(node.all_input_nodes)
    return changed


def _written(node: Node) -> list[Node]:
    """The arguments that an operation writes to; all of them if its schema does not tell."""
    schema = getattr(node.target, "_schema", None)
    if schema is None or not schema.is_mutable:
        return node.all_input_nodes
    written: list[Node] = []
    for position, parameter in enumerate(schema.arguments):
        if parameter.alias_info is None or not parameter.alias_info.is_write:
            continue
        argument = node.args[position] if position < len(node.args) else node.kwargs.get(parameter.name)
        candidates = argument if isinstance(argument, list | tuple) else [argument]
        written += [candidate for candidate in candidates if isinstance(candidate, Node)]
    return written


def _is_view(node: Node) -> bool:
    """Whether a result may share memory with an argument; without a schema, it may."""
    schema = getattr(node.target, "_schema", None)
    return schema is None or any(result.alias_info is not None for result in schema.returns)


def _replace(node: Node, other: Node) -> None:
    """Use the result of `other` in place of that of `node`, and remove `node`."""
    node.replace_all_uses_with(other)
    node.graph.erase_node(node)


def _changes(node: Node) -> bool:
    """Whether an operation changes an argument in place; without a schema, it does."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return getattr(node.target, "__name__", "") != "getitem"
    return schema.is_mutable or any(name in schema.name for name in _CHANGING)


def _is_random(node: Node) -> bool:
    """Whether an operation draws random numbers."""
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
