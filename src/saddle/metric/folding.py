"""Batch norm folded into the convolutions before it: the same outputs, faster."""

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(layers: nn.Sequential) -> nn.Sequential:
    """Layers for evaluation only: those of `layers`, with each BatchNorm2d folded into the convolution before it."""
    found: list[nn.Module] = []
    for layer in layers.eval():
        if isinstance(layer, nn.BatchNorm2d):
            convolution = found.pop()
            assert isinstance(convolution, nn.Conv2d)
            found.append(fuse_conv_bn_eval(convolution, layer))
        else:
            found.append(layer)
    return nn.Sequential(*found)
