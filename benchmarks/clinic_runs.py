"""The runs of benchmarks/clinic.py: what is done to which base, in which strength, and in which half it is.

The clinic began with two halves, seen and unseen. A third one, fresh, judges what was changed after the unseen half had
been judged; the runs of `tuning` are what the symptom `leak` was changed on, beside the seen half.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

HALVES = ("seen", "unseen", "fresh", "tuning")

HALF_SEED = 27
"""Draws which run of each cause is in which half. It was chosen before the first rule."""

QUIET = [
    *("experiment=none", "trainer=cpu", "logger=none", "objective=null", "callback.quality.extractor=none"),
    *("~callback.samples", "~callback.progress", "~callback.game", "~callback.points"),
    *("trainer.log_every_n_steps=10", "callback.health.every_iterations=10", "callback.health.probe_iterations=50"),
]


@dataclass(frozen=True)
class Base:
    """Data, networks and loss that a run is made of, and its length in iterations."""

    data: str
    networks: str
    loss: str
    iterations: int
    settings: tuple[str, ...]


_MLP = "architecture=mlp architecture.generator.hidden=[128,128] architecture.discriminator.hidden=[128,128]"
_DCGAN = "architecture=dcgan architecture.generator.widths=[24,12] architecture.discriminator.widths=[8,16]"
_DCGAN += " architecture.discriminator.hidden=64 architecture.generator.initialization=he"
_DCGAN += " architecture.discriminator.initialization=he"
_RESIDUAL = "architecture=residual architecture.conditional=false architecture.generator.widths=[16,8]"
_RESIDUAL += " architecture.discriminator.widths=[8,16] architecture.discriminator.hidden=64"
_NETWORKS = {"mlp": (_MLP, 400), "dcgan": (_DCGAN, 150), "residual": (_RESIDUAL, 120), "points": ("", 400)}
_POINTS = "architecture=points architecture.generator.hidden=[64,64] architecture.discriminator.hidden=[64,64]"
_DATA = {
    "ring": f"data=ring data.size=4000 data.std=0.05 {_POINTS}",
    "digits": "data=digits data.image_size=16",
    "mnist": "data=mnist data.image_size=16 data.limit=4000",
    "robots": "data=robots data.image_size=16 data.size=1000",
}


def _base(data: str, networks: str, loss: str) -> Base:
    settings, iterations = _NETWORKS[networks]
    penalty = "penalty=default" if data != "ring" else "penalty=r1 penalty.r1.weight=0.1"
    return Base(data, networks, loss, iterations, tuple(f"{_DATA[data]} {settings} loss={loss} {penalty}".split()))


BASES = [
    _base("digits", "mlp", "non_saturating"),
    _base("ring", "points", "hinge"),
    _base("mnist", "mlp", "relativistic"),
    _base("digits", "dcgan", "hinge"),
    _base("robots", "mlp", "least_squares"),
    _base("ring", "points", "non_saturating"),
    _base("digits", "mlp", "relativistic"),
    _base("mnist", "dcgan", "non_saturating"),
    _base("mnist", "mlp", "least_squares"),
    _base("robots", "dcgan", "relativistic"),
    _base("digits", "mlp", "hinge"),
    _base("digits", "residual", "relativistic"),
]


@dataclass(frozen=True)
class Patient:
    """A run of the clinic: `cause` is what was done to it, in one of several strengths, 0 the weakest."""

    name: str
    cause: str
    strength: int
    base: Base
    seed: int
    settings: tuple[str, ...]
    half: str = ""

    def overrides(self, folder: Path) -> list[str]:
        """The settings of the whole run, in `folder`."""
        kept = [text for text in self.base.settings if text.split("=")[0] not in _chosen(self.settings)]
        steps = dict(text.split("=", 1) for text in self.settings if "=" in text).get("trainer.max_steps")
        iterations = int(steps) if steps else self.base.iterations
        rows = dict(text.split("=", 1) for text in self.settings if "=" in text).get("data.batch_size", "32")
        quarter = max(1, iterations * int(rows) // 4)
        own = [f"seed={self.seed}", f"checkpoints.every_images={quarter}", f"hydra.run.dir={folder}"]
        if not steps:
            own.append(f"trainer.max_steps={iterations}")
        if not any("data.batch_size" in text for text in self.settings):
            own.append("data.batch_size=32")
        return [*QUIET, *kept, *self.settings, *own]


def _chosen(settings: tuple[str, ...]) -> set[str]:
    """Groups and settings that a fault chooses itself; with a group go the settings below it."""
    names = {text.split("=")[0] for text in settings}
    return names | ({"penalty.r1.weight"} if "penalty" in names else set())


IMAGES = tuple(base for base in BASES if base.data != "ring")
NO_ROBOTS = tuple(base for base in IMAGES if base.data != "robots")
RELU_PARTS = tuple(base for base in BASES if base.networks != "residual")
_CLASS = {"mlp": "Mlp", "dcgan": "Dcgan", "points": "Points"}
_DATA_CLASS = {"digits": "Digits", "mnist": "Mnist", "robots": "Robots"}


def _faults(base: Base) -> dict[str, list[str]]:
    """Settings of each strength by cause, as far as a cause can be had on this base."""
    rate = 0.002
    faults = {
        "discriminator_too_strong": [
            *(f"optimizer.generator.lr={rate / factor:g}" for factor in (30, 100, 300)),
            f"game.n_critic=10 optimizer.generator.lr={rate / 10:g}",
        ],
        "discriminator_too_weak": [f"optimizer.discriminator.lr={rate / factor:g}" for factor in (30, 100, 300, 1000)],
        "no_penalty": [f"penalty=none game.n_critic={number}" for number in (1, 2, 3, 4)],
        "penalty_too_heavy": [f"penalty=r1 penalty.r1.weight={weight}" for weight in (30, 100, 1000, 10000)],
        "rates_too_high": [f"optimizer.lr={rate * factor:g}" for factor in (8, 15, 30, 100)],
        "momentum_too_high": [f"optimizer.betas=[{beta},0.999]" for beta in (0.95, 0.97, 0.98, 0.99)],
        "average_lags": [
            f"training.ema.warmup=0 training.ema.half_life_images={images}"
            for images in (20_000, 50_000, 200_000, 10**6)
        ],
        "average_jumps": [f"training.ema.warmup=0 training.ema.half_life_images={images}" for images in (1, 8, 16, 32)],
        "budget_too_short": [f"trainer.max_steps={steps}" for steps in (40, 30, 20, 12)],
        "plateau": [
            " ".join(
                f"training.schedule.{turn}.{horizon}"
                for turn in ("discriminator", "generator")
                for horizon in _to(base, share)
            )
            for share in (0.65, 0.6, 0.55, 0.5)
        ],
    }
    if base.networks in _CLASS:
        kind, part = _CLASS[base.networks], "architecture.{}._target_=clinic_parts.{}{}{}"
        relu = "architecture.{}.activation=relu"
        for cause, network, fault in (
            ("few_modes", "generator", "Folded"),
            ("one_image", "generator", "Faint"),
            ("dead_generator", "generator", "NumbGenerator"),
            ("dead_discriminator", "discriminator", "NumbDiscriminator"),
        ):
            strengths = [part.format(network, kind, fault, number) for number in range(4)]
            faults[cause] = [f"{text} {relu.format(network)}" for text in strengths]
        undeclared = f"architecture.discriminator._target_=clinic_parts.{kind}Undeclared"
        undeclared += " architecture.discriminator.normalization=batch"
        penalties = ("r1", "[r1,r2]", "gradient_penalty", "dragan")
        faults["batch_norm_under_penalty"] = [f"{undeclared} penalty={penalty}" for penalty in penalties]
    if base.data == "ring":
        faults["data_range"] = [f"data.scale={scale}" for scale in (20, 50, 0.02, 0.01)]
        return faults
    data = f"data._target_=clinic_parts.{_DATA_CLASS[base.data]}"
    faults["data_range"] = [f"{data}Squeezed{number}" for number in (3, 2, 1, 0)]
    faults["wrong_labels"] = [f"{data}Mislabeled{number} architecture.conditional=true" for number in range(4)]
    faults["too_few_images"] = [f"data.limit={limit} data.batch_size={min(limit, 16)}" for limit in (24, 16, 8, 4)]
    fill = 1 if base.data == "robots" else -1
    leak = f"augmentation=diffaugment augmentation.diffaugment.fill={fill}.0"
    faults["augmentation_leaks"] = [
        f"{leak} augmentation.diffaugment.translation={shift} augmentation.diffaugment.cutout={cutout}"
        for shift, cutout in ((0.2, 0.0), (0.0, 0.6), (0.3, 0.0), (0.3, 0.5))
    ]
    return faults


def _to(base: Base, share: float) -> list[str]:
    """A learning rate that falls to 0 over that share of a run of twice the base's length."""
    return ["shape=cosine", f"horizon_images={int(share * 32 * 2 * base.iterations)}"]


def _longer(base: Base, cause: str, settings: str) -> str:
    return f"{settings} trainer.max_steps={2 * base.iterations}" if cause == "plateau" else settings


HEALTHY = [
    "",
    "optimizer.lr=0.0015",
    "optimizer.betas=[0.0,0.9]",
    "optimizer.generator.lr=0.001",
    "optimizer.discriminator.lr=0.001",
    "game.n_critic=2",
    "training.ema=null",
    "IMAGES augmentation=diffaugment augmentation.diffaugment.translation=0.125 augmentation.diffaugment.cutout=0.3",
    "IMAGES architecture.conditional=true",
    "data.limit=1000",
    "data.batch_size=64",
]
"""Variations of a base that all work; IMAGES: not on points."""


def patients() -> list[Patient]:
    """All runs, in an order in which any beginning holds all causes."""
    chosen: list[Patient] = []
    for repetition in range(3):
        for strength in range(4):
            chosen += _round(repetition, strength)
    return _halved(chosen)


def _round(repetition: int, strength: int) -> Iterator[Patient]:
    """One run of each cause, and seven healthy ones."""
    number = 4 * repetition + strength
    causes = list(dict.fromkeys(cause for base in BASES for cause in _faults(base)))
    for place, cause in enumerate(causes):
        able = [base for base in BASES if cause in _faults(base)]
        base = able[(number * 5 + place) % len(able)]
        settings = _longer(base, cause, _faults(base)[cause][strength])
        yield _patient(cause, strength, base, number, settings)
    for index in range(7 * number, 7 * number + 7):
        yield _healthy(index, index, index)


def _healthy(index: int, place: int, number: int) -> Patient:
    """A healthy run: the variation and base at a `place` of their cycles, with the `number` in its name and seed."""
    base, settings = BASES[place % len(BASES)], HEALTHY[place % len(HEALTHY)]
    if settings.startswith("IMAGES"):
        settings = "" if base.data == "ring" else settings.removeprefix("IMAGES ")
    if "conditional" in settings and base.networks == "residual":
        settings = ""
    return _patient("healthy", index % 4, base, number, settings)


def of_half(half: str) -> list[Patient]:
    """The runs of a half."""
    if half == "fresh":
        return _fresh()
    return _tuning() if half == "tuning" else [patient for patient in patients() if patient.half == half]


_FRESH_CAUSES = (
    *("augmentation_leaks", "dead_discriminator", "dead_generator", "discriminator_too_strong"),
    *("discriminator_too_weak", "few_modes", "momentum_too_high", "no_penalty", "one_image", "rates_too_high"),
)


def _fresh() -> list[Patient]:
    """Runs with seeds of their own: four of each of ten causes, three more that leak, 49 healthy ones, ten augmented.

    Their bases are drawn with another step, so that each cause is on more of them.
    """
    chosen: list[Patient] = []
    for number in range(7):
        for cause in _FRESH_CAUSES if number < 4 else _FRESH_CAUSES[:1]:
            chosen.append(_fresh_fault(cause, number))
        chosen += [_healthy(index, 84 + index, 1000 + index) for index in range(7 * number, 7 * number + 7)]
    chosen += _augmented(2000)
    return [_in_half(patient, "fresh") for patient in chosen]


def _fresh_fault(cause: str, number: int) -> Patient:
    able = [base for base in BASES if cause in _faults(base)]
    base = able[(number * 7 + _FRESH_CAUSES.index(cause)) % len(able)]
    return _patient(cause, number % 4, base, 1000 + number, _faults(base)[cause][number % 4])


def _tuning() -> list[Patient]:
    """On each base of images a healthy run with augmentation, and one whose augmentation leaks."""
    leaking = [
        _patient("augmentation_leaks", place % 4, base, 3000 + place, _faults(base)["augmentation_leaks"][place % 4])
        for place, base in enumerate(IMAGES)
    ]
    return [_in_half(patient, "tuning") for patient in (*leaking, *_augmented(3000))]


def _augmented(first: int) -> list[Patient]:
    """On each base of images a healthy run with augmentation, named from the number `first` on."""
    settings = next(text for text in HEALTHY if "augmentation=" in text).removeprefix("IMAGES ")
    return [_patient("healthy", 0, base, first + place, settings) for place, base in enumerate(IMAGES)]


def _in_half(patient: Patient, half: str) -> Patient:
    return replace(patient, half=half)


def _patient(cause: str, strength: int, base: Base, number: int, settings: str) -> Patient:
    name = f"{cause}_{number:02d}_{base.data}_{base.networks}_{base.loss}"
    return Patient(name, cause, strength, base, 100 + number, tuple(settings.split()))


def _halved(chosen: list[Patient]) -> list[Patient]:
    """The runs, half of each cause seen, drawn by `HALF_SEED`."""
    halves: dict[str, str] = {}
    generator = random.Random(HALF_SEED)
    for cause in dict.fromkeys(patient.cause for patient in chosen):
        names = [patient.name for patient in chosen if patient.cause == cause]
        generator.shuffle(names)
        for index, name in enumerate(names):
            halves[name] = "seen" if index % 2 == 0 else "unseen"
    return [_in_half(patient, halves[patient.name]) for patient in chosen]
