"""Broken parts for benchmarks/clinic.py, which names this module as a plugin: SADDLE_PLUGINS=clinic_parts.

Each class is one of saddle's own with one fault, which its name tells: `MlpFolded3` makes three images, `DcganFaint2`
multiplies its latent by 0.003. No setting of saddle's makes these faults on purpose.
"""

import math
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn

from saddle.architecture import dcgan, mlp, points
from saddle.data.digits import Digits
from saddle.data.mnist import Mnist
from saddle.data.robots import Robots

KINDS = (2, 3, 4, 6)
"""Images that a folded generator makes."""

FACTORS = (0.0, 0.001, 0.003, 0.01)
"""What a faint generator multiplies its latent by."""

SHARES = (0.7, 0.85, 0.93, 0.98)
"""Dead units of each hidden layer."""

LEVELS = ((0, 1), (0, 16), (112, 144), (128, 255))
"""Gray levels that squeezed images lie between."""

SHUFFLED = (0.6, 0.75, 0.9, 1.0)
"""Images that have the label of another one."""

_DEAD = -30.0  # a bias that no input of a unit reaches


class Folded:
    """Makes `kinds` images: the latent's direction in a plane chooses one of so many fixed latents."""

    kinds: int

    def forward(self, latent: Tensor, *rest: Any) -> Tensor:
        """Images as the class that this is mixed into."""
        sector = ((torch.atan2(latent[:, 1], latent[:, 0]) / math.tau + 0.5) * self.kinds).long()
        fixed = torch.randn(self.kinds, latent.shape[1], generator=torch.Generator().manual_seed(0))
        return super().forward(fixed.to(latent)[sector.clamp(0, self.kinds - 1)], *rest)


class Faint:
    """Sees its latent multiplied by `factor`."""

    factor: float

    def forward(self, latent: Tensor, *rest: Any) -> Tensor:
        """Images as the class that this is mixed into."""
        return super().forward(self.factor * latent, *rest)


class Undeclared:
    """A discriminator with batch norm that does not say so."""

    mixes_rows = False


class Squeezed:
    """Images whose gray levels lie between `levels`."""

    levels: tuple[int, int]

    def load(self) -> tuple[Tensor, Tensor | None]:
        """Training images and labels."""
        return self._squeezed(*super().load())

    def load_test(self) -> tuple[Tensor, Tensor | None] | None:
        """Test images and labels."""
        test = super().load_test()
        return None if test is None else self._squeezed(*test)

    def _squeezed(self, images: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        low, high = self.levels
        return (low + images.float() * ((high - low) / 255)).round().to(torch.uint8), labels


class Mislabeled:
    """Images of which the share `shuffled` has labels of others."""

    shuffled: float

    def load(self) -> tuple[Tensor, Tensor | None]:
        """Training images and labels."""
        return self._mislabeled(*super().load())

    def load_test(self) -> tuple[Tensor, Tensor | None] | None:
        """Test images and labels."""
        test = super().load_test()
        return None if test is None else self._mislabeled(*test)

    def _mislabeled(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(0)
        chosen = torch.randperm(len(labels), generator=generator)[: int(self.shuffled * len(labels))]
        mixed = labels.clone()
        mixed[chosen] = labels[chosen[torch.randperm(len(chosen), generator=generator)]]
        return images, mixed


def _numb(base: type[nn.Module], share: float) -> type[nn.Module]:
    """`base` with that share of the units of each hidden layer dead from the beginning."""

    @wraps(base.__init__)
    def initialize(self: nn.Module, *arguments: Any, **named: Any) -> None:
        base.__init__(self, *arguments, **named)
        layers = [layer for layer in self.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
        with torch.no_grad():
            for layer in layers[:-1]:
                layer.bias[: int(share * len(layer.bias))] = _DEAD

    return type(base.__name__, (base,), {"__init__": initialize})


def _add(name: str, parts: tuple[type, ...], attributes: dict[str, Any]) -> None:
    globals()[name] = type(name, parts, {"__module__": __name__, "__doc__": parts[0].__doc__, **attributes})


for _prefix, _module in {"Mlp": mlp, "Dcgan": dcgan, "Points": points}.items():
    for _number in range(4):
        _add(f"{_prefix}Folded{_number}", (Folded, _module.Generator), {"kinds": KINDS[_number]})
        _add(f"{_prefix}Faint{_number}", (Faint, _module.Generator), {"factor": FACTORS[_number]})
        _add(f"{_prefix}NumbGenerator{_number}", (_numb(_module.Generator, SHARES[_number]),), {})
        _add(f"{_prefix}NumbDiscriminator{_number}", (_numb(_module.Discriminator, SHARES[_number]),), {})
    _add(f"{_prefix}Undeclared", (Undeclared, _module.Discriminator), {})
for _kind in (Digits, Mnist, Robots):
    for _number in range(4):
        _add(f"{_kind.__name__}Squeezed{_number}", (Squeezed, _kind), {"levels": LEVELS[_number]})
        _add(f"{_kind.__name__}Mislabeled{_number}", (Mislabeled, _kind), {"shuffled": SHUFFLED[_number]})
