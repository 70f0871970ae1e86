"""Replays a run from one of its moments with one thing changed: a branch, which is a run of its own."""

import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from tqdm import tqdm

from saddle.callback.checkpoint import link
from saddle.config.checked import CheckedConfig
from saddle.error import InputError
from saddle.factory.parts import Parts, build_parts
from saddle.factory.run import Run, build_run
from saddle.run.branch_settings import BranchSettings, compose_branch, with_heads_of, write_settings
from saddle.run.folder import checkpoints_of, last_checkpoint, last_file, run_of
from saddle.run.fork import Source, forked, source_before, source_in
from saddle.run.lock import let_go, occupy, remove_claimed
from saddle.run.replayable import check_changes, check_one_process, check_replayable
from saddle.run.resume import BEGUN_WITH, check_same
from saddle.run.start import start
from saddle.run.train import quiet
from saddle.training.checkpoint import MARK, read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO
from saddle.training.difference import Difference
from saddle.training.lockstep import Training, first_differences

BRANCH = "branch"
"""The entry of a branch's record that says which run it left, when, and by which changes."""


FORK = "fork.ckpt"
"""The checkpoint in a branch's folder with which the branch begins. It stays."""


@dataclass(frozen=True)
class Request:
    """A branch of the run at `path` (its folder, or one of its checkpoints), which leaves it after `at` iterations.

    It goes on in the folder `out`, with the overrides `changes`, for so many `iterations` or `images`; both None: to
    the end of its run.
    """

    path: Path
    at: int
    out: Path
    changes: Sequence[str] = ()
    iterations: int | None = None
    images: int | None = None


@dataclass(frozen=True)
class FirstDifference:
    """The first `iteration`, counted from 1, in which a branch differs from its run, and in what; None in none."""

    iteration: int | None
    differences: Sequence[Difference]


def replay(request: Request, tell: Callable[[FirstDifference], None]) -> None:
    """Make the branch of a request and train it. `tell` receives what the changes touch first, before training.

    A branch without changes is the run itself, to the bit, so nothing is compared. Raises InputError, in one sentence,
    for what cannot be replayed, and what `saddle.run.start.start` raises.
    """
    check_changes(request.changes)
    run = run_of(request.path)
    begin, branch = compose_branch(run, request.out), compose_branch(run, request.out, request.changes)
    quiet(begin.config)
    warnings.filterwarnings("ignore", "Be aware that when using `ckpt_path`, callbacks")  # of these runs without any
    source = source_in(request.path, request.at) if request.path.is_file() else source_before(run, request.at)
    occupy(request.out)
    try:
        config = _prepared(_Replay(request, run, begin.config, branch, source), tell)
    except BaseException:  # Ctrl-C, too
        remove_claimed()
        raise
    try:
        start(config)
    finally:
        let_go(request.out)


@dataclass(frozen=True)
class _Replay:
    """A request with what was found for it: the run's folder, both configs, and the checkpoint to begin with."""

    request: Request
    run: Path
    begin: CheckedConfig
    branch: BranchSettings
    source: Source | None

    @property
    def last(self) -> int:
        """The iteration that ends the branch; raises InputError if the run ends before it begins."""
        request, rows = self.request, self.begin.rows
        if request.iterations is not None:
            return request.at + request.iterations
        if request.images is not None:
            return request.at - (-request.images // rows)
        reached = last_checkpoint(self.run)
        ends = [self.begin.last_iteration]
        if reached is not None:
            ends.append(read_checkpoint(reached)[MARK]["clock"]["iteration"])
        if max(ends) <= request.at:
            raise InputError(f"--at {request.at}: the run ends there; say by --for how many iterations are to follow")
        return max(ends)


def _prepared(replay: _Replay, tell: Callable[[FirstDifference], None]) -> CheckedConfig:
    """Write the settings and the first checkpoint of a branch into its folder; returns the config that goes on."""
    request, last, begin_parts = replay.request, replay.last, build_parts(replay.begin)
    settings = with_heads_of(replay.branch, begin_parts.record)
    config = settings.config
    branch_parts = build_parts(config)
    _check_source(replay, begin_parts)
    check_replayable(begin_parts.record, branch_parts.record)
    with tempfile.TemporaryDirectory(prefix=".replay-", dir=request.out) as temporary:
        at = _checkpoint_at(replay, begin_parts, Path(temporary))
        branch_parts = replace(branch_parts, record={**branch_parts.record, **_begun(replay)})
        modules = (_quiet_run(replay.begin, begin_parts, last).module, _quiet_run(config, branch_parts, last).module)
        content = read_checkpoint(at)
        callbacks = content["callbacks"] if replay.source is None else replay.source.content["callbacks"]
        fork = Path(temporary) / "branch.ckpt"
        AtomicCheckpointIO().save_checkpoint(forked(content, callbacks, *modules, at), fork)
        if request.changes:
            tell(_first_difference((replay.begin, at), (config, fork), last))
        write_settings(settings, request.out, last)
        checkpoints_of(request.out).mkdir()
        link(fork, last_file(request.out))
    link(last_file(request.out), checkpoints_of(request.out) / FORK)
    trainer, training = {**config.trainer, "max_steps": last}, {**config.training, "images": None}
    return replace(config, trainer=trainer, training=training, resume=str(last_file(request.out)))


def _check_source(replay: _Replay, parts: Parts) -> None:
    """Raise InputError unless the run's checkpoint is one of these settings and of one process.

    Without a checkpoint the run must have begun with weights of its own.
    """
    source = replay.source
    if source is not None:
        mark = source.content[MARK]
        check_one_process(replay.branch.config, mark["processes"])
        recorded = {name: value for name, value in mark["record"].items() if name not in BEGUN_WITH}
        check_same(recorded, parts.record, source.path)
        return
    check_one_process(replay.branch.config, 1)
    _check_began_by_itself(replay)


def _check_began_by_itself(replay: _Replay) -> None:
    """Raise InputError if a run without a checkpoint before the fork began with the weights of another run."""
    last = last_checkpoint(replay.run)
    recorded = {} if last is None else read_checkpoint(last)[MARK]["record"]
    for name in BEGUN_WITH:
        if name in recorded:
            raise InputError(
                f"--at {replay.request.at}: {replay.run} has no checkpoint from before, and began with another run's "
                "weights: take a later iteration, or replay that run"
            )


def _begun(replay: _Replay) -> dict[str, Any]:
    """What the record of a branch says of its beginning."""
    source = replay.source
    begun = {
        "run": str(replay.request.path),
        "iteration": replay.request.at,
        "checkpoint": None if source is None else source.path.name,
        "sha256": None if source is None else source.digest,
        "checkpoint_iteration": 0 if source is None else source.iteration,
        "changes": list(replay.request.changes),
    }
    inherited = {} if source is None else source.content[MARK]["record"]
    return {**({"init": inherited["init"]} if "init" in inherited else {}), BRANCH: begun}


def _quiet_run(config: CheckedConfig, parts: Parts, last: int) -> Run:
    """The run of a config that ends with the iteration `last`, without callbacks and loggers, batch by batch."""
    trainer = {**config.trainer, "max_steps": last, "log_every_n_steps": 1}
    training = {**config.training, "images": None, "block": 1}
    return build_run(replace(config, callback={}, logger={}, trainer=trainer, training=training), parts)


def _checkpoint_at(replay: _Replay, parts: Parts, folder: Path) -> Path:
    """The run's checkpoint at the moment of the fork: one of its own, or one that is played from it in `folder`."""
    source, at = replay.source, replay.request.at
    if source is not None and source.iteration == at:
        return source.path
    begins = "its beginning" if source is None else f"its checkpoint of iteration {source.iteration:,}"
    print(f"replay: the run is played again from {begins} to iteration {at:,}", file=sys.stderr)
    run = _quiet_run(replay.begin, parts, at)
    path = None if source is None else source.path
    run.data.prepare_data()
    run.trainer.fit(run.module, datamodule=run.data_module, ckpt_path=path, weights_only=True)
    run.trainer.save_checkpoint(folder / "run.ckpt")
    return folder / "run.ckpt"


def _first_difference(
    run: tuple[CheckedConfig, Path], branch: tuple[CheckedConfig, Path], last: int
) -> FirstDifference:
    """Where a branch first differs from its run until the iteration `last`, by playing both in lockstep.

    Each is a config with the checkpoint that it goes on from.
    """
    before, after = _training(*run, last), _training(*branch, last)
    with tqdm(desc="compare", delay=2, leave=False, unit="it") as bar:
        iteration, differences = first_differences(before, after, lambda _: bar.update())
    return FirstDifference(iteration, differences)


def _training(config: CheckedConfig, checkpoint: Path, last: int) -> Training:
    run = _quiet_run(config, build_parts(config), last)
    return Training(run.module, run.data_module, run.trainer, checkpoint)


def difference_as_values(first: FirstDifference) -> Mapping[str, Any]:
    """A first difference as plain values, for a file."""
    return {"iteration": first.iteration, "differences": [asdict(difference) for difference in first.differences]}
