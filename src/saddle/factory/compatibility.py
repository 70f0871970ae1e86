"""Which loss, penalties and discriminator go together: refused with the reason, or warned of, before training."""

from collections.abc import Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

from torch import nn

from saddle.augmentation.ada import ADA
from saddle.config.signature import resolve_target
from saddle.error import InputError
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.turn import Game
from saddle.loss.base import Loss
from saddle.loss.hinge import Hinge
from saddle.loss.least_squares import LeastSquares
from saddle.loss.relativistic import Relativistic
from saddle.loss.wasserstein import Wasserstein
from saddle.penalty.balanced_consistency import BalancedConsistency
from saddle.penalty.base import InputGradientPenalty, WeightConstraint, Weighted

if TYPE_CHECKING:
    from saddle.data.memory import MemoryData


def with_decided(name: str, node: dict[str, Any], game: Game) -> dict[str, Any]:
    """The config of the network `name` with what the game decides.

    Raises InputError if something else was asked for there, that is anything but the default of the network's class, or
    if that has no such setting.
    """
    decided = game.decides().get(name, {})
    target = resolve_target(f"architecture.{name}", node["_target_"])
    usual = signature(target).parameters
    for setting, value in decided.items():
        decision = f"game={_name(game)} decides {setting}={value} for its {name}"
        if setting not in usual:
            family = target.__module__.rpartition(".")[2]
            raise InputError(
                f"architecture={family}: its {name} has no setting {setting}, which game={_name(game)} decides: use "
                "architecture=dcgan or mlp"
            )
        if setting in node and node[setting] not in (value, usual[setting].default):
            place = "architecture" if setting == "conditional" else f"architecture.{name}"
            raise InputError(f"{place}.{setting}={node[setting]}: {decision}; leave it out")
    return node | decided


def with_features(name: str, node: dict[str, Any], features: int) -> dict[str, Any]:
    """The config of the head `name` with as many `features` as D has; InputError if it asks for another number."""
    if node["features"] not in (None, features):
        raise InputError(
            f"architecture.{name}.features={node['features']}: the discriminator has {features}; leave it null"
        )
    return node | {"features": features}


def with_head_bias(name: str, node: dict[str, Any], game: Game) -> dict[str, Any]:
    """The config of network `name`, its `head_bias` decided: where only differences of logits count there is none.

    Raises InputError if the config asks for one there.
    """
    if "head_bias" not in node:
        return node
    relative = getattr(_loss(game), "relative", False)
    if relative and node["head_bias"]:
        raise InputError(
            f"architecture.{name}.head_bias=True: this loss reads differences of logits alone, so that bias would "
            "never learn: use null or false"
        )
    return {**node, "head_bias": not relative if node["head_bias"] is None else node["head_bias"]}


def check_reads(generator: nn.Module, game: Game) -> None:
    """Raise InputError, naming the mend, unless the generator reads what the game gives it: a latent, or sources."""
    reads = getattr(generator, "reads", "latent")
    if reads == game.reads:
        return
    words = {"latent": "a latent", "source": "images of a source domain"}
    architecture, player = (type(part).__module__.rpartition(".")[2] for part in (generator, game))
    raise InputError(
        f"architecture={architecture}: its generator reads {words[reads]}, and game={player} gives it "
        f"{words[game.reads]}: use architecture={'dcgan or mlp' if game.reads == 'latent' else 'resnet'}"
    )


def check_packing(networks: Mapping[str, nn.Module], game: Game, batch_size: int, devices: int) -> None:
    """Raise InputError unless the game plays packs, and `batch_size` over that many devices makes whole ones."""
    packing = getattr(networks.get("discriminator"), "packing", 1)
    if packing > 1 and not game.packs:
        raise InputError(
            f"architecture.discriminator.packing={packing}: game={_name(game)} looks at single images; use packing=1"
        )
    if batch_size // devices % packing:
        each = "" if devices == 1 else f" gives each of the {devices} devices {batch_size // devices}, which"
        raise InputError(
            f"data.batch_size={batch_size}{each} makes no whole packs of architecture.discriminator.packing={packing}: "
            f"use a multiple of {packing * devices}"
        )


def check_sources(data: "MemoryData", game: Game) -> None:
    """Raise InputError, naming the mend, if the game starts from images of a source domain and the data has none."""
    if game.reads == "source" and not data.has_sources:
        name = type(data).__module__.rpartition(".")[2]
        raise InputError(
            f"data={name} delivers images of one domain, and game={_name(game)} translates from another one: "
            "use data=mnist_pair"
        )


def check_pairing(config: dict[str, Any], game: Game) -> list[str]:
    """Raise InputError for parts of a game that contradict each other; the sentences to warn with, for the rest."""
    objective = _objective(game)
    penalties = {
        name: penalty
        for name, penalty in (objective.penalties.items() if objective else ())
        if not isinstance(penalty, Weighted) or penalty.weight > 0
    }
    for name, penalty in penalties.items():
        if not isinstance(penalty, game.plays):
            raise InputError(f"penalty={name} does not go with game={_name(game)}: {_playable(game)}")
    loss, warnings = _loss(game), []
    for judge in (name for name in game.needs if name.endswith("discriminator")):
        node = config["architecture"][judge]
        _check_bounded(loss, penalties, node, judge, game)
        _check_gradients(penalties, node, judge)
        _check_constraints(loss, penalties, node, judge)
        warnings += _warnings(loss, penalties, node, judge)
    for name, penalty in penalties.items():
        if isinstance(penalty, BalancedConsistency) and "image_size" not in config["data"]:
            raise InputError(f"penalty={name} shifts and mirrors images: it says nothing of points; leave it out")
    _check_augmentations(config, game)
    return list(dict.fromkeys(warnings))


def _objective(game: Game) -> AdversarialObjective | None:
    return getattr(game, "objective", None)


def _loss(game: Game) -> Loss | None:
    objective = _objective(game)
    return None if objective is None else objective.loss


def _name(game: Game) -> str:
    return type(game).__module__.rpartition(".")[2]


def _playable(game: Game) -> str:
    """The mend, in words."""
    kinds = {InputGradientPenalty: "on D's gradient (r1, r2)", WeightConstraint: "on weights (weight_clipping)"}
    known = [text for kind, text in kinds.items() if kind in game.plays]
    return f"it plays those {' and '.join(known)}" if known else "leave it out"


def _on_inputs(penalties: dict[str, Any]) -> list[str]:
    return [name for name, penalty in penalties.items() if isinstance(penalty, InputGradientPenalty)]


def _constraints(penalties: dict[str, Any]) -> list[str]:
    return [name for name, penalty in penalties.items() if isinstance(penalty, WeightConstraint)]


def _check_bounded(loss: Loss | None, penalties: dict[str, Any], node: dict[str, Any], judge: str, game: Game) -> None:
    bounded = _on_inputs(penalties) or _constraints(penalties) or node.get("normalization") == "spectral"
    if isinstance(loss, Wasserstein) and not bounded:
        mends = ["penalty=gradient_penalty"]
        mends += ["penalty=weight_clipping"] if WeightConstraint in game.plays else []
        mends += [f"architecture.{judge}.normalization=spectral"] if "normalization" in node else []
        raise InputError(
            f"loss=wasserstein without a constraint on the discriminator has no minimum: add {' or '.join(mends)}"
        )


def _check_gradients(penalties: dict[str, Any], node: dict[str, Any], judge: str) -> None:
    names = _on_inputs(penalties)
    if names and node.get("normalization") == "batch":
        raise InputError(
            f"penalty={names[0]} with architecture.{judge}.normalization=batch: batch norm mixes images, so "
            "the gradient of one logit is no longer that of one image; use none or spectral"
        )


def _check_constraints(loss: Loss | None, penalties: dict[str, Any], node: dict[str, Any], judge: str) -> None:
    names = _constraints(penalties)
    if names and node.get("normalization") == "spectral":
        raise InputError(
            f"penalty={names[0]} with architecture.{judge}.normalization=spectral: the norm divides out what "
            "clipping does to the weights' size; use one of the two"
        )
    if names and node.get("attention"):
        raise InputError(
            f"penalty={names[0]} with architecture.{judge}.attention={node['attention']}: clipped "
            "weights make all places attend alike, and its queries and keys learn nothing; use attention=0"
        )
    if names and isinstance(loss, Hinge):
        raise InputError(
            f"loss=hinge with penalty={names[0]}: clipped weights keep the logits inside the margin, where this is the "
            "Wasserstein loss; use loss=wasserstein"
        )


def _check_augmentations(config: dict[str, Any], game: Game) -> None:
    loss, objective = _loss(game), _objective(game)
    for name, augmentation in objective.augmentations.items() if objective else ():
        if "image_size" not in config["data"]:
            raise InputError(f"augmentation={name} changes images: it says nothing of points; use augmentation=none")
        try:
            augmentation.check(config["data"]["channels"])
        except InputError as error:
            raise InputError(f"augmentation.{name}.{error}") from error
        if isinstance(augmentation, ADA) and (getattr(loss, "relative", False) or isinstance(loss, LeastSquares)):
            raise InputError(
                f"augmentation={name} steers by the sign of D's logits, which says nothing under this loss: use "
                "loss=non_saturating or hinge, or augmentation=diffaugment"
            )


def _warnings(loss: Loss | None, penalties: dict[str, Any], node: dict[str, Any], judge: str) -> list[str]:
    found, on_inputs = [], _on_inputs(penalties)
    if getattr(loss, "relative", False) and node.get("normalization") == "batch":
        found.append(
            "batch norm in the discriminator mixes images, and this loss compares them: R3GAN (arXiv 2501.05441) "
            f"trains without; use architecture.{judge}.normalization=none"
        )
    if isinstance(loss, Relativistic):
        lazy = [name for name in on_inputs if penalties[name].every_iterations > 1]
        if lazy:
            found.append(
                f"penalty.{lazy[0]}.every_iterations={penalties[lazy[0]].every_iterations}: R3GAN (arXiv 2501.05441) "
                "failed to converge with lazy penalties; use 1"
            )
        if not on_inputs:
            found.append(
                "loss=relativistic without a penalty on the discriminator's gradient need not converge (R3GAN, arXiv "
                "2501.05441): use 'penalty=[r1,r2]'"
            )
    return found
