"""The moment at which a branch leaves its run: the run's checkpoint there, and what of it the branch takes over."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.error import InputError
from saddle.file import numbered
from saddle.game.turn import Turn
from saddle.run.checkpoint import damage_of, warn_of_damage
from saddle.run.correspondence import correspondence
from saddle.run.folder import checkpoints_of
from saddle.run.transfer import read_with_digest
from saddle.training.checkpoint import MARK, check_fits
from saddle.training.executor import trained_parameters
from saddle.training.module import GameModule

_AVERAGES = "ema.networks."
"""What the names of averages begin with in a checkpoint."""

_BEGINS_ANEW = "Quality"
"""The callback whose state a branch does not take over: its best.ckpt is the best of the branch."""


@dataclass(frozen=True)
class Source:
    """A checkpoint of a run: its file, SHA-256 and content."""

    path: Path
    digest: str
    content: dict[str, Any]

    @property
    def iteration(self) -> int:
        """The number of iterations before it was saved."""
        return int(self.content[MARK]["clock"]["iteration"])


def source_before(run: Path, iteration: int) -> Source | None:
    """The latest sound checkpoint of the run in the folder `run` of at most `iteration` iterations; None without one.

    A damaged one is passed over, with a warning on stderr.
    """
    found: Source | None = None
    for path in _candidates(run, iteration):
        damage = damage_of(path)
        if damage is not None:
            warn_of_damage(damage, path, iteration)
            continue
        content, digest = read_with_digest(path)
        source = Source(path, digest, content)
        if source.iteration <= iteration and (found is None or source.iteration > found.iteration):
            found = source
        if found is not None and path.stem.isdecimal():
            break  # earlier ones come next
    return found


def _candidates(run: Path, iteration: int) -> Iterator[Path]:
    """The checkpoints whose names do not say that they are later: last.ckpt, best.ckpt, and numbers, latest first."""
    folder = checkpoints_of(run)
    yield from (path for path in sorted(folder.glob("*.ckpt")) if not path.stem.isdecimal())
    for number, path in reversed(numbered(folder, ".ckpt").items()):
        if number <= iteration:
            yield path


def source_in(path: Path, iteration: int) -> Source:
    """The checkpoint `path`; raises InputError if it is damaged, or later than `iteration`."""
    content, digest = read_with_digest(path)
    source = Source(path, digest, content)
    if source.iteration > iteration:
        raise InputError(f"--at {iteration}: {path} is of iteration {source.iteration} already: name an earlier one")
    return source


def forked(
    source: dict[str, Any],
    callbacks: dict[str, Any],
    run: GameModule,
    branch: GameModule,
    path: Path,
) -> dict[str, Any]:
    """The checkpoint with which a branch begins, of the content of its run's at that moment, `source`.

    `run` and `branch` are the modules of both, with their first weights. What the branch has and the run has not begins
    anew: state of the game, batch norm. The settings of optimizers are the branch's. `callbacks` are the states of the
    run's callbacks, and `path` names the run's checkpoint in messages.

    Raises InputError if the networks, averages or optimizers of the branch are others.
    """
    names = _names_of_weights(run, branch)
    return {
        **source,
        MARK: {**source[MARK], "record": branch.record},
        "state_dict": _fitting_state(source["state_dict"], branch, names, path),
        "optimizer_states": _fitting_optimizers(source["optimizer_states"], run, branch, names),
        "callbacks": {name: state for name, state in callbacks.items() if name != _BEGINS_ANEW},
    }


def _names_of_weights(run: GameModule, branch: GameModule) -> dict[str, str]:
    """The name in the run of each tensor of the branch's networks and averages that has its value from there."""
    names: dict[str, str] = {}
    for network in branch.networks:
        same = correspondence(run.networks[network], branch.networks[network]) if network in run.networks else None
        for new, old in (same or {}).items():
            names[f"{network}.{new}"] = f"{network}.{old}"
            names[f"{_AVERAGES}{network}.{new}"] = f"{_AVERAGES}{network}.{old}"
    return names


def _fitting_state(state: dict[str, Any], branch: GameModule, names: Mapping[str, str], path: Path) -> dict[str, Any]:
    """The tensors of the branch: the run's, or its own where the run has none of that name."""
    own = branch.state_dict()
    _check_networks(state, branch, names, path)
    of_networks = tuple(f"{prefix}{network}." for network in branch.networks for prefix in ("", _AVERAGES))
    fitting: dict[str, Any] = {}
    for name, value in own.items():
        there = state.get(names.get(name, "") if name.startswith(of_networks) else name)
        is_shared = not isinstance(value, Tensor) or getattr(there, "shape", None) == value.shape
        fitting[name] = there if there is not None and is_shared else value
    return fitting


def _check_networks(state: dict[str, Any], branch: GameModule, names: Mapping[str, str], path: Path) -> None:
    """Raise InputError if a network of the branch is another one, or averages differ."""
    averages = {name for name in state if name.startswith(_AVERAGES)}
    if bool(averages) != (branch.ema is not None):
        raise InputError("training.ema: a branch has an average of weights if its run has one: leave it out")
    for network, module in branch.networks.items():
        if not any(name.startswith(f"{network}.") for name in names):
            try:
                check_fits(state, module, path, f"{network}.")
            except InputError as error:
                raise InputError(f"{error}: a branch goes on with the networks of its run") from error


def _fitting_optimizers(
    states: list[dict[str, Any]], run: GameModule, branch: GameModule, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The moments of the run's optimizers, with the settings of the branch's."""
    optimizers = branch.configure_optimizers()
    if [turn.name for turn in run.turns] != [turn.name for turn in branch.turns]:
        raise InputError("game: a branch has the turns of its run, and this game has others")
    fitting: list[dict[str, Any]] = []
    for before, turn, optimizer, saved in zip(run.turns, branch.turns, optimizers, states, strict=True):
        missing = _state_of_one(optimizer) - _saved_state(saved)
        if saved["state"] and missing:
            raise InputError(
                f"optimizer: that of turn {turn.name} needs {', '.join(sorted(missing))}, which the run's did not "
                "keep: change only its rates and decays"
            )
        old, new = _weights_of(run, before), _weights_of(branch, turn)
        moments: dict[int, Any] = {}
        for position, name in enumerate(new):
            there = names.get(name)
            if there in old and old.index(there) in saved["state"]:
                moments[position] = saved["state"][old.index(there)]
        fitting.append({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return fitting


def _weights_of(module: GameModule, turn: Turn) -> list[str]:
    """The names of the weights that a turn trains, in the order of its optimizer."""
    weights: list[str] = []
    for network in turn.trains:
        weights += [f"{network}.{name}" for name in trained_parameters(module.networks[network])]
    return weights


def _saved_state(saved: dict[str, Any]) -> set[str]:
    """The names of what a saved optimizer keeps of its first weight."""
    first: dict[str, Any] = next(iter(saved["state"].values()), {})
    return {name for name, value in first.items() if value is not None}


def _state_of_one(optimizer: Optimizer) -> set[str]:
    """The names of what an optimizer of this class and these settings keeps of a weight; a step on another one says."""
    weight = nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    group = {name: value for name, value in optimizer.param_groups[0].items() if name != "params"}
    other = type(optimizer)([{**group, "params": [weight]}])  # type: ignore[call-arg]  # torch's optimizers have defaults
    other.step()
    return {name for name, value in other.state[weight].items() if value is not None}
