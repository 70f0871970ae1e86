"""Begins a run with the weights of another one: `init=RUN`."""

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from saddle.architecture.base import Discriminator
from saddle.config.checked import CheckedConfig
from saddle.error import InputError
from saddle.factory.parts import Parts
from saddle.file import relative
from saddle.rank import is_first
from saddle.run.checkpoint import checkpoint_of
from saddle.run.resume import BEGUN_WITH
from saddle.run.same_networks import check_same_networks
from saddle.training.checkpoint import MARK, check_fits, prefix_of, read_checkpoint, without_prefix

RECORDED = "init"
"""The entry of a run's record that says whose weights it began with."""


def begun_from(other: str, config: CheckedConfig, parts: Parts) -> Parts:
    """The `parts` of a new run, whose networks now have the weights of the run or checkpoint `other`.

    Networks that the other run averages begin with their averages. Layers whose size depends on the number of classes
    keep their own first weights where that number differs. The record says what the run began with: the path, the
    SHA-256 of the checkpoint's file, its iteration and images. One or two lines on stderr say what was taken over.

    Raises InputError if there is no sound checkpoint, or if its networks are others. The file may be a stranger's: only
    tensors are taken from it, and nothing that it names is built.
    """
    try:
        path = checkpoint_of(Path(other))
        content, digest = read_with_digest(path)
        clock, state = content[MARK]["clock"], content["state_dict"]
        resized = check_same_networks(content[MARK]["record"], config, parts, path)
        anew: list[str] = []
        for name, network in parts.networks.items():
            if parts.is_double:
                network.double()  # before it gets weights, lest those of another such run pass through float32
            anew += _take_over(name, network, state, path, may_resize=name in resized)
    except InputError as error:
        raise InputError(f"init: {error}") from error
    if is_first():
        _say(path, clock["iteration"], list(parts.networks), state, anew)
    begun = {"path": other, "sha256": digest, "iteration": clock["iteration"], "images": clock["images"]}
    return replace(parts, record={**parts.record, RECORDED: begun})


def begun_as_recorded(record: Mapping[str, Any], parts: Parts) -> Parts:
    """The `parts` of a run that goes on, with what it began with, which the `record` in its checkpoint says."""
    begun = {name: value for name, value in record.items() if name in BEGUN_WITH}
    return replace(parts, record={**parts.record, **begun})


def read_with_digest(path: Path) -> tuple[dict[str, Any], str]:
    """The content of a checkpoint, and the SHA-256 of its file; raises InputError.

    Both are of one file, although the other run may still train and put a new file in its place.
    """
    try:
        while True:
            before = path.stat()
            content = read_checkpoint(path)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            after = path.stat()
            if (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns):
                return content, digest
    except OSError as error:
        raise InputError(f"{path}: the checkpoint cannot be read ({error.strerror})") from error


def _take_over(name: str, network: nn.Module, state: Mapping[str, Any], path: Path, may_resize: bool) -> list[str]:
    """Give the network `name` its weights in a checkpoint's `state`; returns the names of what keeps its own.

    That is the bias of the last layer where the other run had none and, if it `may_resize`, layers of another size.
    Raises InputError for any other difference.
    """
    prefix = prefix_of(name, state)
    if prefix is None:
        raise InputError(f"{path}: this checkpoint holds no {name}")
    weights, own = without_prefix(state, prefix), network.state_dict()
    biases = _biases_of_head(network, own.keys() ^ weights.keys())
    shared = own.keys() & weights.keys() if may_resize else set()
    anew = {_layer_of(key) for key in shared if _shape(own[key]) != _shape(weights[key])}
    fitting = {key: value for key, value in weights.items() if key not in biases}
    for key, value in own.items():
        if _layer_of(key) in anew or key in biases:
            fitting[key] = value
    check_fits({prefix + key: value for key, value in fitting.items()}, network, path, prefix)
    network.load_state_dict(fitting)
    kept = dict.fromkeys(_layer_of(key) for key in own if _layer_of(key) in anew)
    return [f"{name}.{part}" for part in [*kept, *sorted(biases & own.keys())]]


def _layer_of(key: str) -> str:
    """The layer to which a tensor belongs, also one that a parametrization (spectral norm) has put further below."""
    layer, parametrized, _ = key.partition(".parametrizations.")
    return layer if parametrized else key.rpartition(".")[0]


def _shape(value: Any) -> tuple[int, ...] | None:
    return tuple(value.shape) if isinstance(value, Tensor) else None


def _biases_of_head(network: nn.Module, keys: Iterable[str]) -> set[str]:
    """Those of the names `keys` that are the bias of a discriminator's last layer, which depends on the loss."""
    if not isinstance(network, Discriminator):
        return set()
    [head] = [name for name, layer in network.named_modules() if layer is network.head]
    return {key for key in keys if key.startswith(f"{head}.") and key.endswith("bias")}


def _say(path: Path, iteration: int, names: list[str], state: Mapping[str, Any], anew: list[str]) -> None:
    """Say on stderr what a run begins with, and what of it begins anew."""
    averaged = [name for name in names if prefix_of(name, state) != f"{name}."]
    averages = f" (of {', '.join(averaged)} the average)" if averaged else ""
    place = f"{relative(path)}, iteration {iteration:,}"
    print(f"init: {' and '.join(names)} begin with the weights of {place}{averages}", file=sys.stderr)
    if anew:
        print(f"init: these begin anew: {', '.join(anew)}", file=sys.stderr)
