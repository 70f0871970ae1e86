"""Replays a run from one of its moments with one thing changed: a branch, which is a run of its own."""

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from saddle.callback.checkpoint import link
from saddle.config.checked import CheckedConfig
from saddle.error import InputError
from saddle.factory.parts import Parts, build_parts
from saddle.run.branch_settings import BranchSettings, compose_branch, with_heads_of, write_settings
from saddle.run.folder import checkpoints_of, last_checkpoint, last_file, run_of
from saddle.run.fork import Source, forked, source_before, source_in
from saddle.run.lock import let_go, occupy, remove_claimed
from saddle.run.replayable import changes_numbers, check_changes, check_one_process, check_replayable
from saddle.run.resume import BEGUN_WITH, check_same
from saddle.run.retrace import FirstDifference, checkpoint_at, first_difference, quiet_run, training_from
from saddle.run.start import start
from saddle.run.train import quiet
from saddle.training.checkpoint import MARK, read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO

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


def replay(request: Request, tell: Callable[[FirstDifference], None]) -> None:
    """Make the branch of a request and train it. `tell` receives what the changes touch first, before training.

    Where no setting that decides numbers changes, the branch is the run itself, to the bit, and nothing is compared.
    Raises InputError, in one sentence, for what cannot be replayed, and what `saddle.run.start.start` raises.
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
    request, source, last, begin = replay.request, replay.source, replay.last, replay.begin
    begin_parts = build_parts(begin)
    settings = with_heads_of(replay.branch, begin_parts.record)
    branch_parts = build_parts(settings.config)
    _check_source(replay, begin_parts)
    check_replayable(begin_parts.record, branch_parts.record)
    is_changed = changes_numbers(begin, begin_parts.record, settings.config, branch_parts.record)
    branch_parts = replace(branch_parts, record={**branch_parts.record, **_begun(replay)})
    with tempfile.TemporaryDirectory(prefix=".replay-", dir=request.out) as temporary:
        at = checkpoint_at(begin, begin_parts, source, request.at, Path(temporary))
        run, branch = quiet_run(begin, begin_parts, last), quiet_run(settings.config, branch_parts, last)
        content = read_checkpoint(at)
        callbacks = content["callbacks"] if source is None else source.content["callbacks"]
        fork = Path(temporary) / FORK
        AtomicCheckpointIO().save_checkpoint(forked(content, callbacks, run.module, branch.module, at), fork)
        if is_changed:
            both = training_from(at, begin, source, last), training_from(fork, settings.config, source, last)
            tell(first_difference(*both))
        elif request.changes:
            tell(FirstDifference(None, []))
        write_settings(settings, request.out, last)
        checkpoints_of(request.out).mkdir()
        link(fork, last_file(request.out))
    link(last_file(request.out), checkpoints_of(request.out) / FORK)
    return _going_on(settings.config, last_file(request.out), last)


def _going_on(config: CheckedConfig, checkpoint: Path, last: int) -> CheckedConfig:
    """The config of a branch that goes on from a checkpoint until the iteration `last`."""
    trainer, training = {**config.trainer, "max_steps": last}, {**config.training, "images": None}
    return replace(config, trainer=trainer, training=training, resume=str(checkpoint))


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


def difference_as_values(first: FirstDifference) -> Mapping[str, Any]:
    """A first difference as plain values, for a file."""
    return {"iteration": first.iteration, "differences": [asdict(difference) for difference in first.differences]}
