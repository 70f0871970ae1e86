"""Whether a network treats each input independently of the others."""

from weakref import WeakKeyDictionary

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.utils.parametrize import is_parametrized

from saddle.layer.minibatch_stddev import MinibatchStddev

_answers: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()  # every turn asks again


def is_per_sample(network: nn.Module) -> bool:
    """Whether one pass over two joined batches gives the same outputs, and leaves the same network, as two passes.

    False if the network compares inputs with each other (batch norm, minibatch standard deviation), if a pass may
    change the network (the power iteration of spectral norm, any buffer), or if it draws random numbers (dropout).
    The answer for a network is computed once.
    """
    if network not in _answers:
        _answers[network] = not _couples_rows(network) and not _changes_in_a_pass(network)
    return _answers[network]


def _couples_rows(network: nn.Module) -> bool:
    return any(isinstance(layer, _BatchNorm | _DropoutNd | MinibatchStddev) for layer in network.modules())


def _changes_in_a_pass(network: nn.Module) -> bool:
    has_buffers = next(network.buffers(), None) is not None
    return has_buffers or any(is_parametrized(layer) for layer in network.modules())
