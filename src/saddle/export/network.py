"""The networks of a run that are exported, and what each reads and gives."""

import copy
from dataclasses import dataclass
from typing import Literal, cast

from torch import nn
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

from saddle.architecture.base import Encoder, Generator
from saddle.error import InputError
from saddle.run.opened import OpenedRun

Kind = Literal["generator", "translator", "encoder"]
"""A network of latents to images or points, of images to images, or of images to codes."""


@dataclass(frozen=True)
class ExportedNetwork:
    """An averaged network of a run, on the CPU, in evaluation mode."""

    name: str
    """Its name in the run's settings: `architecture.NAME`."""
    kind: Kind
    module: nn.Module
    """The network without parametrizations: a spectrally normalized weight is a plain weight of the same bits."""

    @property
    def classes(self) -> int:
        """The number of classes of its labels; 0 if it takes none."""
        return self.module.classes if isinstance(self.module, Generator) else 0

    @property
    def latent_dim(self) -> int:
        """The length of the latent that it reads, or of the code that it gives; 0 for a translator."""
        return cast(Generator | Encoder, self.module).latent_dim

    @property
    def is_gaussian(self) -> bool:
        """Whether it gives means and log variances."""
        return isinstance(self.module, Encoder) and self.module.gaussian

    def inputs(self) -> list[str]:
        """The names of what it reads."""
        if self.kind == "encoder":
            return ["images"]
        if self.kind == "translator":
            return ["source"]
        return ["latent", "label"] if self.classes else ["latent"]

    def outputs(self, points: bool) -> list[str]:
        """The names of what it gives, in a run on `points` or on images."""
        if self.kind == "encoder":
            return ["codes", "log_variance"] if self.is_gaussian else ["codes"]
        return ["points" if points else "images"]


def networks_of(run: OpenedRun) -> list[ExportedNetwork]:
    """The averaged networks of a run's game: its generator and, where it has them, an encoder or another generator.

    Raises InputError if the checkpoint holds none.
    """
    return [exported(name, run.network(name)) for name in run.game.averaged]


def exported(name: str, network: nn.Module) -> ExportedNetwork:
    """The network `name` of a run; raises InputError unless it is a generator or an encoder."""
    if not isinstance(network, Generator | Encoder):
        raise InputError(f"architecture.{name}: a {type(network).__name__} cannot be exported, only Generator, Encoder")
    return ExportedNetwork(name, _kind_of(network), plain(network))


def _kind_of(network: Generator | Encoder) -> Kind:
    if isinstance(network, Encoder):
        return "encoder"
    return "translator" if network.reads == "source" else "generator"


def plain(network: nn.Module) -> nn.Module:
    """A copy of a network whose parametrized weights are plain ones of the same bits."""
    copied = copy.deepcopy(network)
    for module in list(copied.modules()):
        if is_parametrized(module):
            _make_plain(module)
    return copied.eval().requires_grad_(False)


def _make_plain(module: nn.Module) -> None:
    """Replace parametrized tensors by their values, in place.

    torch's own function changes the class of the module, which is that of the original, too.
    """
    names = list(cast(nn.ModuleDict, module.parametrizations))
    values = {name: getattr(module, name).detach() for name in names}
    module.__class__ = type_before_parametrizations(module)
    del module.parametrizations
    for name, value in values.items():
        module.register_parameter(name, nn.Parameter(value))
