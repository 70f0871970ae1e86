"""What two turns of an iteration both compute: computed once by the reference executor."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from saddle.layer.per_sample import is_per_sample


class ForwardCache:
    """Keeps what networks made in one turn for the next one of the iteration, with the graph of its derivatives.

    Adversarial games show D, and then G, the images that the same weights make of the same latent. The turn that trains
    the network is given them with derivatives, those before it without. A network that a pass changes, or that draws
    random numbers, is asked again in each turn.
    """

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        self.learning = {network: [p for p in network.parameters() if p.requires_grad] for network in networks}
        self._to_train: Collection[nn.Module] = ()
        self._made: dict[nn.Module, Tensor] = {}

    def expect(self, to_train: Collection[nn.Module]) -> None:
        """The networks that this turn of the iteration and those after it train: only of them anything is kept."""
        self._to_train = to_train

    def start(self) -> None:
        """Begin an iteration."""
        self._made.clear()

    def forget(self, changed: Iterable[nn.Module]) -> None:
        """These networks have been trained: what they made is no longer theirs, and its graph is used up."""
        for network in changed:
            self._made.pop(network, None)

    def __call__(self, network: nn.Module, make: Callable[[], Tensor]) -> Tensor:
        """What `network` makes, by `make`, of inputs that are the same in all turns of the iteration."""
        parameters = self.learning[network]
        if not parameters or network not in self._to_train or not is_per_sample(network):
            return make()
        if network not in self._made:
            with torch.enable_grad(), _learning(parameters):
                self._made[network] = make()
        made = self._made[network]
        learns = torch.is_grad_enabled() and any(parameter.requires_grad for parameter in parameters)
        return made if learns else made.detach()


@contextmanager
def _learning(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Derivatives by `parameters` are recorded, though another network's turn has turned that off."""
    before = [parameter.requires_grad for parameter in parameters]
    for parameter in parameters:
        parameter.requires_grad = True
    try:
        yield
    finally:
        for parameter, value in zip(parameters, before, strict=True):
            parameter.requires_grad = value
