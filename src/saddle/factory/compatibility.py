"""Checks, before training, that loss, penalties, augmentations, networks and data go together, by their attributes.

A combination that cannot work is refused with the reason. One that is known to go wrong gives a warning.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from torch.nn.modules.batchnorm import _BatchNorm

from saddle.architecture.base import Discriminator, Network
from saddle.augmentation.base import Augmentation
from saddle.config.options import either, options_where, takes
from saddle.data.memory import MemoryData
from saddle.error import InputError
from saddle.game.adversarial_objective import AdversarialObjective, objective_of
from saddle.game.turn import Game
from saddle.loss.base import Loss
from saddle.penalty.base import InputGradientPenalty, Penalty, WeightConstraint


@dataclass(frozen=True)
class Choice:
    """The chosen options and the names of each network's settings, for the messages."""

    game: str
    loss: str
    data: str
    settings: Mapping[str, Collection[str]]


def check_compatible(game: Game, networks: Mapping[str, Network], data: MemoryData, choice: Choice) -> list[str]:
    """Raise InputError for parts that contradict each other; return a warning, one sentence, for each doubtful one."""
    _check_domains(game, data, choice)
    objective = objective_of(game)
    if objective is None:
        return []
    penalties = objective.active_penalties
    for name, penalty in penalties.items():
        if not isinstance(penalty, game.plays):
            raise InputError(f"penalty={name} does not go with game={choice.game}: {_playable(game)}")
        if penalty.needs_images and data.image_size is None:
            raise InputError(f"penalty={name} shifts and mirrors images: it says nothing of points; leave it out")
        if penalty.needs_reconstructions and not _reconstructs(networks):
            fitting = options_where("architecture", lambda kind: takes(kind, "reconstructs"), "discriminator")
            raise InputError(
                f"penalty={name} needs a discriminator that makes images of its features again: use "
                f"{either('architecture', fitting)}, or leave it out"
            )
    warnings: list[str] = []
    for name, network in networks.items():
        if isinstance(network, Discriminator):
            discriminator = _DiscriminatorCheck(name, network, objective, penalties, choice)
            discriminator.check(game)
            warnings += discriminator.warnings()
    _check_augmentations(objective, data)
    return list(dict.fromkeys(warnings))


def _reconstructs(networks: Mapping[str, Network]) -> bool:
    """Whether the discriminator of images makes images of its features again."""
    discriminator = networks.get("discriminator")
    return isinstance(discriminator, Discriminator) and discriminator.reconstructs


def accumulation_warnings(
    game: Game, networks: Mapping[str, Network], choice: Choice, batch_size: int, accumulate: int
) -> list[str]:
    """A sentence about the parts that depend on a whole batch and see accumulated parts of it; else nothing."""
    seeing = _seeing_batch(game, networks, choice) if accumulate > 1 else []
    if not seeing:
        return []
    rows = accumulate * batch_size
    return [
        f"training.accumulate={accumulate}: computed over each part of {batch_size} rows, not over the {rows} of an "
        f"update: {', '.join(seeing)}; if memory allows, use training.accumulate=1 data.batch_size={rows}"
    ]


def _seeing_batch(game: Game, networks: Mapping[str, Network], choice: Choice) -> list[str]:
    """The settings of the parts whose values for a row depend on other rows of its batch."""
    objective = objective_of(game)
    seeing: list[str] = []
    if objective is not None:
        seeing += [f"loss={choice.loss}"] if objective.loss.over_batch else []
        seeing += [f"penalty={name}" for name, penalty in objective.active_penalties.items() if penalty.over_batch]
    for name, network in networks.items():
        if network.over_batch:
            layer = "batch norm" if network.mixes_rows else "minibatch_stddev"
            seeing.append(f"architecture.{name} ({layer})")
    return seeing


def check_packing(networks: Mapping[str, Network], game: Game, batch_size: int, devices: int, option: str) -> None:
    """Raise InputError unless the game can pack images, and each device receives whole packs of the batch.

    `option` names the game in the message.
    """
    discriminator = networks.get("discriminator")
    packing = discriminator.packing if isinstance(discriminator, Discriminator) else 1
    setting = f"architecture.discriminator.packing={packing}"
    if packing > 1 and not game.packs:
        raise InputError(f"{setting}: game={option} looks at single images; use packing=1")
    rows = batch_size // devices
    if rows % packing:
        each = "" if devices == 1 else f" gives each of the {devices} devices {rows}, which"
        raise InputError(
            f"data.batch_size={batch_size}{each} makes no whole packs of {setting}: use a multiple of "
            f"{packing * devices}"
        )


def check_rows(networks: Mapping[str, Network], batch_size: int, devices: int) -> None:
    """Raise InputError if batch norm would see a single row on each device."""
    for name, network in networks.items():
        if network.compares_rows and batch_size // devices < 2:
            each = "" if devices == 1 else f" on {devices} devices"
            raise InputError(
                f"data.batch_size={batch_size}{each}: batch norm in architecture.{name} compares rows with each other; "
                f"use at least {2 * devices}"
            )


def _check_domains(game: Game, data: MemoryData, choice: Choice) -> None:
    """Raise InputError if the game translates images and the data has no source domain."""
    if game.reads == "source" and not data.has_sources:
        fitting = options_where("data", _has_sources)
        raise InputError(
            f"data={choice.data} delivers images of one domain, and game={choice.game} translates from another one: "
            f"use {either('data', fitting)}"
        )


def _has_sources(data: type) -> bool:
    return issubclass(data, MemoryData) and data.has_sources


def _playable(game: Game) -> str:
    """The penalties that a game can play, as advice."""
    if not game.plays:
        return "leave it out"
    options = options_where("penalty", lambda penalty: issubclass(penalty, game.plays))
    return f"use {either('penalty', options)}"


def _bounds_gradient(penalty: type) -> bool:
    return issubclass(penalty, Penalty) and penalty.bounds_gradient


def _check_augmentations(objective: AdversarialObjective, data: MemoryData) -> None:
    """Raise InputError for an augmentation that does not fit the data or the loss."""
    for name, augmentation in objective.augmentations.items():
        channels = getattr(data, "channels", None)
        if channels is None:
            raise InputError(f"augmentation={name} changes images: it says nothing of points; use augmentation=none")
        try:
            augmentation.check(channels)
        except InputError as error:
            raise InputError(f"augmentation.{name}.{error}") from error
        if augmentation.needs_logit_sign and not objective.loss.logit_sign_is_meaningful:
            losses = options_where("loss", lambda loss: issubclass(loss, Loss) and loss.logit_sign_is_meaningful)
            others = options_where("augmentation", _needs_no_logit_sign)
            raise InputError(
                f"augmentation={name} steers by the sign of D's logits, which says nothing under this loss: use "
                f"{either('loss', losses)}, or {either('augmentation', others)}"
            )


def _needs_no_logit_sign(augmentation: type) -> bool:
    return issubclass(augmentation, Augmentation) and not augmentation.needs_logit_sign


@dataclass(frozen=True)
class _DiscriminatorCheck:
    """Checks of one discriminator against the loss and the active penalties that train it."""

    name: str
    network: Discriminator
    objective: AdversarialObjective
    penalties: Mapping[str, Penalty]
    choice: Choice

    @property
    def input_gradient_penalties(self) -> dict[str, InputGradientPenalty]:
        """The active penalties on the gradient of the logits by the images, by name."""
        return {name: p for name, p in self.penalties.items() if isinstance(p, InputGradientPenalty)}

    @property
    def constraints(self) -> list[str]:
        """The names of the active constraints on weights."""
        return [name for name, penalty in self.penalties.items() if isinstance(penalty, WeightConstraint)]

    def check(self, game: Game) -> None:
        """Raise InputError for the first combination that cannot work."""
        self._check_bounded(game)
        self._check_gradients()
        self._check_constraints()

    def _check_bounded(self, game: Game) -> None:
        loss, penalties = self.objective.loss, self.penalties.values()
        bounded = self.network.is_lipschitz or any(penalty.bounds_gradient for penalty in penalties)
        if not loss.needs_lipschitz or bounded:
            return
        fitting = options_where("penalty", lambda kind: issubclass(kind, game.plays) and _bounds_gradient(kind))
        remedies = [either("penalty", fitting)]
        if "normalization" in self.choice.settings[self.name]:
            remedies.append(f"architecture.{self.name}.normalization=spectral")
        raise InputError(
            f"loss={self.choice.loss} without a constraint on the discriminator has no minimum: add "
            f"{', or '.join(remedies)}"
        )

    def _check_gradients(self) -> None:
        for name in self.input_gradient_penalties:
            if self.network.mixes_rows:
                remedy = self._either("normalization", "none or spectral", "GroupNorm, or none")
                raise InputError(
                    f"penalty={name} with {self._normalization('batch')}: batch norm mixes images, so the gradient of "
                    f"one logit is no longer that of one image; use {remedy}"
                )

    def _check_constraints(self) -> None:
        for name in self.constraints:
            if self.network.is_lipschitz:
                raise InputError(
                    f"penalty={name} with {self._normalization('spectral')}: the norm divides out what clipping does "
                    "to the weights' size; use one of the two"
                )
            if self.network.has_attention:
                remedy = self._either("attention", f"architecture.{self.name}.attention=0", "none there")
                raise InputError(
                    f"penalty={name} with self-attention in the {self.name}: clipped weights make all places attend "
                    f"alike, and its queries and keys learn nothing; use {remedy}"
                )
            if not self.network.suits_clipping:
                raise InputError(
                    f"penalty={name} with these residual branches of three convolutions each in the {self.name}: their "
                    "clipped weights leave them next to no gradient; use 'penalty=[r1,r2]'"
                )
            if self.objective.loss.has_margin:
                fitting = options_where("loss", lambda loss: issubclass(loss, Loss) and loss.needs_lipschitz)
                raise InputError(
                    f"loss={self.choice.loss} with penalty={name}: clipped weights keep the logits inside the margin, "
                    f"where this is the Wasserstein loss; use {either('loss', fitting)}"
                )

    def _normalization(self, value: str) -> str:
        """The setting `normalization` with its value; the class and its layer if the network has no such setting."""
        setting, in_class = f".normalization={value}", f" ({self._class_of_norm()})"
        return f"architecture.{self.name}{self._either('normalization', setting, in_class)}"

    def _either(self, setting: str, of_setting: str, of_class: str) -> str:
        """The words for a network that has the setting, or those for one that has not."""
        return of_setting if setting in self.choice.settings[self.name] else of_class

    def _class_of_norm(self) -> str:
        """The network's class, and the first of its layers that is a norm of the batch: `mine.D: BatchNorm2d net.1`."""
        kind = f"{type(self.network).__module__}.{type(self.network).__name__}"
        for name, layer in self.network.named_modules():
            if isinstance(layer, _BatchNorm):
                return f"{kind}: {type(layer).__name__} {name}"
        return kind

    def warnings(self) -> list[str]:
        """One sentence for each combination that is known to go wrong."""
        loss = self.objective.loss
        sentences: list[str] = []
        if loss.relative and self.network.mixes_rows:
            setting, in_class = f"architecture.{self.name}.normalization=none", f"none in {self._class_of_norm()}"
            remedy = self._either("normalization", setting, in_class)
            sentences.append(
                "batch norm in the discriminator mixes images, and this loss compares them: R3GAN (arXiv 2501.05441) "
                f"trains without; use {remedy}"
            )
        if loss.needs_input_gradient_penalty and not self.input_gradient_penalties:
            sentences.append(
                f"loss={self.choice.loss} without a penalty on the discriminator's gradient need not converge (R3GAN, "
                "arXiv 2501.05441): use 'penalty=[r1,r2]'"
            )
        return sentences
