"""Which tensor of a run's network becomes which of its branch's, where the branch puts in or takes out batch norm."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def correspondence(old: nn.Module, new: nn.Module) -> dict[str, str] | None:
    """The name in `old` of each tensor of `new` that begins with a value of `old`; None if these are other networks.

    Two networks are the same if their tensors have the same names and shapes, or if they differ in batch norm alone:
    one of them has none, and all other layers are the same in the same order. Then the weights and statistics of batch
    norm begin anew. So does a bias that batch norm had made idle, and one that it now makes idle is left out.
    """
    before, now = _shapes(old), _shapes(new)
    if before == now:
        return {name: name for name in now}
    if bool(_norms(old)) == bool(_norms(new)):
        return _without_bias(before, now)
    return _by_position(old, new)


def _without_bias(before: dict[str, tuple[int, ...]], now: dict[str, tuple[int, ...]]) -> dict[str, str] | None:
    """The same names, without biases that `now` lacks, as under a relative loss, which reads differences of logits."""
    dropped = before.keys() - now.keys()
    same = all(before.get(name) == shape for name, shape in now.items())
    if same and all(name.endswith(".bias") for name in dropped):
        return {name: name for name in now}
    return None


def _by_position(old: nn.Module, new: nn.Module) -> dict[str, str] | None:
    """Layers matched by their position among all layers with weights but batch norm."""
    before, now = _layers(old), _layers(new)
    if [type(layer) for _, layer in before] != [type(layer) for _, layer in now]:
        return None
    names: dict[str, str] = {}
    for (old_place, old_layer), (new_place, new_layer) in zip(before, now, strict=True):
        own = _own_shapes(old_layer)
        for name, shape in _own_shapes(new_layer).items():
            if own.get(name) == shape:
                names[f"{new_place}.{name}"] = f"{old_place}.{name}"
            elif name != "bias" or name in own:
                return None
    return names


def _layers(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """The layers that hold tensors of their own, by name and in order, without batch norm."""
    layers: list[tuple[str, nn.Module]] = []
    for name, layer in network.named_modules():
        if _own_shapes(layer) and not isinstance(layer, _BatchNorm):
            layers.append((name, layer))
    return layers


def _norms(network: nn.Module) -> list[nn.Module]:
    return [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]


def _own_shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors of a layer itself."""
    own = (*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False))
    return {name: tuple(tensor.shape) for name, tensor in own}


def _shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in (*network.named_parameters(), *network.named_buffers())}
