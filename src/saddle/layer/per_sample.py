"""Whether a network looks at each input by itself."""

from weakref import WeakKeyDictionary

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.utils.parametrize import is_parametrized

from saddle.layer.minibatch_stddev import MinibatchStddev

_known: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()  # asked in each turn


def is_per_sample(network: nn.Module) -> bool:
    """Whether one pass on two batches gives what a pass on each would, and leaves `network` as those would.

    Not so where inputs are compared with each other (batch norm, minibatch standard deviation), where a pass may change
    the network (the power iteration of a spectral norm, any buffer), or where it draws random numbers (dropout). The
    layers of a network are looked at once.
    """
    if network not in _known:
        compared = any(isinstance(part, _BatchNorm | _DropoutNd | MinibatchStddev) for part in network.modules())
        changing = any(is_parametrized(part) for part in network.modules()) or any(True for _ in network.buffers())
        _known[network] = not compared and not changing
    return _known[network]
