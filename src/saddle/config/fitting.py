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
from saddle.config.reading import reading
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
    where = "a GPU" if facts.on_gpu else "a CPU"
    return fits, f"pictures per step on {where}" if fits == wanted else "half of the free memory holds no more pictures"


_BYTES_PER_PIXEL = 3_000
"""Memory that an update takes for each pixel of a batch, generously: 1,100 on a CPU, measured at 64 pixels."""


def _generator_width(facts: Facts) -> Fit:
    return _by_side(facts, "the generator, which draws", small=24, large=16)


def _discriminator_width(facts: Facts) -> Fit:
    return _by_side(facts, "the discriminator, which judges", small=16, large=12)


def _by_side(facts: Facts, network: str, small: int, large: int) -> Fit:
    """The width of a network, twice as large on a GPU."""
    width = large if facts.side > 80 else small
    where = "a GPU" if facts.on_gpu else "a CPU"
    return width * (2 if facts.on_gpu else 1), f"size of {network}: {facts.height}x{facts.width} pixels on {where}"


def _weight(facts: Facts) -> Fit:
    return round(0.3 * facts.pixels / 32**2, 2), f"brake on the discriminator: 0.3 x {facts.pixels:,} / 1,024 pixels"


def _rate(facts: Facts) -> Fit:
    rate = 1e-3 * min(1, 32 / facts.side)
    return float(f"{rate:.2g}"), "pace of learning: 1e-3 up to 32x32 pixels, less above"


def _color(facts: Facts) -> Fit:
    if facts.channels < 3:
        return False, "gray pictures have no colors to change"
    return _is_few(facts), _shown(facts, "in other colors")


def _translation(facts: Facts) -> Fit:
    return (0.125 if _is_few(facts) else 0.0), _shown(facts, "shifted")


def _cutout(facts: Facts) -> Fit:
    return (0.5 if _is_few(facts) else 0.0), _shown(facts, "with a hidden square")


def _is_few(facts: Facts) -> bool:
    return facts.pictures is not None and facts.pictures < FEW


def _shown(facts: Facts, how: str) -> str:
    """Why the discriminator sees pictures changed, or as they are."""
    if facts.pictures is None:
        return "a data set of its own"
    few = _is_few(facts)
    return (
        f"judged {how}: fewer than {FEW:,} pictures" if few else f"judged as they are: no fewer than {FEW:,} pictures"
    )


def _images(facts: Facts) -> Fit:
    most = 1_000_000 if facts.side <= 80 else 400_000
    return most, f"length of the run, in pictures of {facts.height}x{facts.width} pixels"


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
    read: Mapping[str, Fit]
    """The same of settings that no rule chooses: how the pictures of a folder are read."""
    first_look: str | None
    """Settings for a short run, which shows first samples; None where a length was given, and on a GPU."""

    def table(self) -> str:
        """One line for each setting, with its value and the reason."""
        rows = [(f"{name}={value}", reason) for name, (value, reason) in {**self.read, **self.settings}.items()]
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
    settings = {name: (OmegaConf.select(config, name), _reason(name, call, config)) for name, call in found.items()}
    facts = _facts_or_unknown(config)
    read = reading(config.data, facts.files) if facts.files else {}
    return Chosen(facts.sentence(), settings, read, _first_look(config, facts, settings))


def _first_look(config: DictConfig, facts: Facts, settings: Mapping[str, Fit]) -> str | None:
    """What to add to the command for a look at first samples; None where a length was given, and on a GPU."""
    if facts.on_gpu or "training.images" not in settings or config.trainer.max_steps != -1:
        return None
    smaller = "data.image_size=32 " if facts.side > 32 else ""
    return f"{smaller}training.images=40000"


_OVER = {"half_life_images": "samples come from average weights over ", "horizon_images": "the pace falls over "}


def _reason(name: str, call: re.Match[str], config: DictConfig) -> str:
    """Why an interpolation has its value."""
    if call[1] == "fitting":
        return _fit(call[2], config)[1]
    return f"{_OVER.get(name.rpartition('.')[2], '')}{float(call[2]):.0%} of the run's images"


def _texts(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The settings below a node that are texts, by their dotted names."""
    for name, value in node.items() if isinstance(node, dict) else ():
        if isinstance(value, str):
            yield f"{prefix}{name}", value
        yield from _texts(value, f"{prefix}{name}.")
