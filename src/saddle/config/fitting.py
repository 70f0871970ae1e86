"""Settings that fit the pictures and the machine, as `experiment=pictures` chooses them (docs/pictures.md).

In a config file `${saddle.fitting:NAME}` is what the rule NAME says of the run's facts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from saddle.config.facts import Facts, facts_of
from saddle.error import InputError

Fit = tuple[Any, str]
"""The value of a setting, and the reason in words."""

FEW = 20_000
"""Pictures below which D would learn them by heart."""

_UNKNOWN = Facts(64, 64, 3, 0, None, False, None)
"""Facts where settings are wrong: the check of the config comes later and names the mistake."""


def _batch_size(facts: Facts) -> Fit:
    wanted = 64 if facts.on_gpu else 32
    fits = wanted
    while fits > 8 and facts.free_bytes is not None and fits * facts.pixels * _BYTES_PER_PIXEL > facts.free_bytes / 2:
        fits //= 2
    return fits, "on a GPU" if facts.on_gpu else "on CPU" if fits == wanted else "half of the free memory holds no more"


_BYTES_PER_PIXEL = 3_000
"""Memory that an update takes for each pixel of a batch, generously: 1,100 on a CPU, measured at 64 pixels."""


def _generator_width(facts: Facts) -> Fit:
    return _by_side(facts, small=24, large=16)


def _discriminator_width(facts: Facts) -> Fit:
    return _by_side(facts, small=16, large=12)


def _by_side(facts: Facts, small: int, large: int) -> Fit:
    """A width, twice as large on a GPU."""
    width = large if facts.side > 80 else small
    where = "a GPU" if facts.on_gpu else "a CPU"
    return width * (2 if facts.on_gpu else 1), f"{facts.height}x{facts.width} pixels on {where}"


def _weight(facts: Facts) -> Fit:
    return round(0.3 * facts.pixels / 32**2, 2), f"0.3 at 32x32 pixels, in proportion to {facts.pixels:,} pixels"


def _rate(facts: Facts) -> Fit:
    rate = 1e-3 * min(1, 32 / facts.side)
    return float(f"{rate:.2g}"), "1e-3 up to 32x32 pixels, above them in inverse proportion to the side"


def _color(facts: Facts) -> Fit:
    return _is_few(facts) and facts.channels >= 3, _number(facts)


def _translation(facts: Facts) -> Fit:
    return (0.125 if _is_few(facts) else 0.0), _number(facts)


def _cutout(facts: Facts) -> Fit:
    return (0.5 if _is_few(facts) else 0.0), _number(facts)


def _is_few(facts: Facts) -> bool:
    return facts.pictures is not None and facts.pictures < FEW


def _number(facts: Facts) -> str:
    if facts.pictures is None:
        return "a data set of its own"
    return f"{facts.pictures:,} pictures, {'fewer' if _is_few(facts) else 'no fewer'} than {FEW:,}"


def _images(facts: Facts) -> Fit:
    most = 1_000_000 if facts.side <= 80 else 400_000
    return most, f"{facts.height}x{facts.width} pixels"


RULES: Mapping[str, Callable[[Facts], Fit]] = {
    "batch_size": _batch_size,
    "generator_width": _generator_width,
    "discriminator_width": _discriminator_width,
    "weight": _weight,
    "rate": _rate,
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
    "images": _images,
}


def fitting(name: str, *, _root_: Any) -> Any:
    """The value of the rule `name` for the composed config `_root_`."""
    return _fit(name, _root_)[0]


def _fit(name: str, root: DictConfig) -> Fit:
    return RULES[name](_facts_or_unknown(root))


def _facts_or_unknown(root: DictConfig) -> Facts:
    try:
        return facts_of(root)
    except (InputError, OmegaConfBaseException, AttributeError, KeyError, OSError, TypeError, ValueError):
        return _UNKNOWN


@dataclass(frozen=True)
class Chosen:
    """What was chosen for a run."""

    facts: str
    """What it was chosen by, in words."""
    settings: Mapping[str, Fit]
    """Values and reasons, by the dotted names of the settings."""

    def table(self) -> str:
        """One line for each setting, with its value and the reason."""
        rows = [(f"{name}={value}", reason) for name, (value, reason) in self.settings.items()]
        width = max(len(setting) for setting, _ in rows)
        return "\n".join(f"  {setting:<{width}}  {reason}" for setting, reason in rows)


_CALL = re.compile(r"\$\{saddle\.(fitting|part_of_run):(.*)\}")
"""An interpolation by which a config file leaves a setting to the run's facts."""


def chosen_in(config: DictConfig) -> Chosen | None:
    """What was chosen in the composed config; None if nothing was left to a rule."""
    plain = OmegaConf.to_container(config, resolve=False)
    calls = {name: _CALL.fullmatch(text) for name, text in _texts(plain)}
    found = {name: call for name, call in calls.items() if call is not None}
    if not any(call[1] == "fitting" for call in found.values()):
        return None
    settings = {name: (OmegaConf.select(config, name), _reason(call, config)) for name, call in found.items()}
    return Chosen(_facts_or_unknown(config).sentence(), settings)


def _reason(call: re.Match[str], config: DictConfig) -> str:
    """Why an interpolation has its value."""
    if call[1] == "fitting":
        return _fit(call[2], config)[1]
    return f"{float(call[2]):.0%} of the run's images"


def _texts(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The settings below a node that are texts, by their dotted names."""
    for name, value in node.items() if isinstance(node, dict) else ():
        if isinstance(value, str):
            yield f"{prefix}{name}", value
        yield from _texts(value, f"{prefix}{name}.")
