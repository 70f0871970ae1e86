"""A cache of forward passes, for the reference executor: a pass that two turns share is computed once."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from saddle.layer.per_sample import is_per_sample


class ForwardCache:
    """Keeps outputs of networks, with their autograd graphs, for later turns of the same iteration.

    In adversarial games the turns of D and of G generate images from the same weights and latent. The turn that trains
    the network gets the output with gradients, earlier turns get it detached. A network that changes in a forward pass,
    or draws random numbers, is called again in each turn.
    """

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        self._trainable: dict[nn.Module, list[nn.Parameter]] = {}
        for network in networks:
            self._trainable[network] = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._to_train: Collection[nn.Module] = ()
        self._outputs: dict[nn.Module, Tensor] = {}

    def expect(self, to_train: Collection[nn.Module]) -> None:
        """State the networks that this turn and later ones train: only their outputs are cached."""
        self._to_train = to_train

    def start(self) -> None:
        """Begin an iteration with an empty cache."""
        self._outputs.clear()

    def forget(self, changed: Iterable[nn.Module]) -> None:
        """Drop the outputs of networks that have been trained: their weights are new and their graphs are freed."""
        for network in changed:
            self._outputs.pop(network, None)

    def __call__(self, network: nn.Module, make: Callable[[], Tensor]) -> Tensor:
        """The output of `network`, computed by `make` from inputs that are the same in all turns of the iteration."""
        parameters = self._trainable[network]
        if not parameters or network not in self._to_train or not is_per_sample(network):
            return make()
        if network not in self._outputs:
            with torch.enable_grad(), _requiring_gradients(parameters):
                self._outputs[network] = make()
        output = self._outputs[network]
        is_trained = torch.is_grad_enabled() and any(parameter.requires_grad for parameter in parameters)
        return output if is_trained else output.detach()


@contextmanager
def _requiring_gradients(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Inside, `parameters` require gradients, although another network's turn has switched that off."""
    before = [parameter.requires_grad for parameter in parameters]
    for parameter in parameters:
        parameter.requires_grad = True
    try:
        yield
    finally:
        for parameter, value in zip(parameters, before, strict=True):
            parameter.requires_grad = value
