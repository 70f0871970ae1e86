"""A trial of parts from outside of saddle on one small batch: a broken contract is one sentence before training.

saddle's own parts have tests. A part of somebody else is called once as a turn would call it, on random rows.
"""

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor

from saddle.architecture.base import Discriminator, Generator, Network
from saddle.bound import height_and_width
from saddle.config.node import Node
from saddle.data.memory import MemoryData
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.factory.outside_error import is_outside, reason_of
from saddle.game.adversarial_objective import objective_of
from saddle.game.turn import Batch, Game, Moment
from saddle.metric.base import MetricInputs, Read
from saddle.metric.measure import Metrics, measured, measured_points
from saddle.penalty.base import InputGradientPenalty

_MOST_ROWS = 32

_OF_SHAPE = re.compile("(View|UnsafeView|ReshapeAlias|Squeeze|Unsqueeze|Select|Slice|Permute|Transpose|ToCopy)Backward")
"""The names of autograd's functions that change the shape or the type of their input alone."""


def try_parts(nodes: Sequence[Node], game: Game, networks: Mapping[str, Network], data: MemoryData) -> list[str]:
    """Raise InputError, naming the setting, if a part from outside does not keep to what its base class promises.

    `nodes` are those of loss, penalties, augmentations, networks and game. Nothing is tried if all are saddle's own.
    The networks, and the random numbers of training, are left as they were. Returns warnings, one sentence each.
    """
    outside = [node for node in nodes if is_outside(node.target.__module__)]
    if not outside:
        return []
    with torch.random.fork_rng(devices=[]):
        copies = deepcopy(dict(networks))  # a forward pass may change buffers
        for network in copies.values():
            network.eval()
        trial = _Trial(outside, game, copies, _batch(data, copies))
        for node in outside:
            trial.check(node)
        trial.play()
    return trial.warnings


def try_metrics(nodes: Mapping[str, Node], metrics: Metrics, data: MemoryData) -> None:
    """Raise InputError if a metric from outside fails on random numbers, or gives what it does not declare.

    `nodes` are those of the `metrics`, by option.
    """
    outside = {option: metrics[option] for option, node in nodes.items() if is_outside(node.target.__module__)}
    if not outside:
        return
    classes = data.classes or 10
    with torch.random.fork_rng(devices=[]):
        reads = [Read(torch.randn(64, 16), torch.randn(64, classes).softmax(1)) for _ in range(3)]
        inputs = MetricInputs(
            real=reads[0],
            fake=reads[1],
            class_shares=torch.full((classes,), 1 / classes, dtype=torch.float64) if data.classes else None,
            labels=torch.arange(64) % classes if data.classes else None,
            training=torch.randn(128, 16),
            held_out=reads[2],
        )
        points = torch.randn(64, 2)
        if isinstance(data, PointData):
            measured_points(outside, points, data)
        else:
            measured(outside, inputs)


class _Trial:
    """One iteration on a batch of random rows."""

    def __init__(self, outside: Sequence[Node], game: Game, networks: Mapping[str, Network], batch: Batch) -> None:
        self.outside, self.game, self.networks, self.batch = outside, game, networks, batch
        self.rows = len(batch["image"])
        self.objective = objective_of(game)
        self.warnings: list[str] = []

    def check(self, node: Node) -> None:
        """Raise InputError unless the part of a node returns what its kind promises."""
        group, _, name = node.path.partition(".")
        if group == "architecture":
            self._check_network(node, self.networks[name])
        if self.objective is None:
            return
        if group == "loss":
            loss = self.objective.loss
            logits = torch.linspace(-2, 2, self.rows)
            self._check_values(node, "discriminator", lambda: loss.discriminator(logits, -logits))
            self._check_values(node, "generator", lambda: loss.generator(logits, -logits))
        if group == "penalty":
            penalty = self.objective.penalties[name]
            if isinstance(penalty, InputGradientPenalty):
                gradient = torch.randn_like(self.batch["image"])
                self._check_values(node, "values", lambda: penalty.values(gradient))
        if group == "augmentation":
            augmentation, images = self.objective.augmentations[name], self.batch["image"]
            changed = self._called(node, lambda: augmentation(images, _uniform))
            self._check_shape(node, "forward", changed, tuple(images.shape))

    def play(self) -> None:
        """Raise InputError if a turn of the game fails, or if one of its terms is no scalar."""
        moment = Moment(iteration=0, images=0, noise=_noise, uniform=_uniform)
        for turn in self.game.turns():
            try:
                played = turn.loss(self.networks, self.batch, moment)
            except Exception as error:  # code from outside may raise anything
                reason = f"a trial of the turn {turn.name} failed: {reason_of(error)}"
                raise InputError(f"{self._blamed(error)}: {reason}") from error
            for name, value in played.terms.items():
                if value.dim() != 0:
                    setting = f"penalty.{name}" if name != "adversarial" else "loss"
                    raise InputError(
                        f"{setting}: expected a scalar in the turn {turn.name}, got the shape {tuple(value.shape)}"
                    )

    def _check_network(self, node: Node, network: Network) -> None:
        """Raise InputError unless a generator makes rows like the data's, and a discriminator one logit for each."""
        labels = [self.batch["label"]] if network.classes else []
        if isinstance(network, Generator) and network.reads == "latent":
            latent = torch.randn(self.rows, network.latent_dim)
            made = self._called(node, lambda: network(latent, *labels))
            self._check_shape(node, "forward", made, tuple(self.batch["image"].shape))
        if isinstance(network, Discriminator) and node.path == "architecture.discriminator":
            read: list[Tensor] = []
            with network.head.register_forward_pre_hook(lambda head, inputs: read.append(inputs[0])):
                logits = self._called(node, lambda: network(self.batch["image"], *labels))
            self._check_shape(node, "forward", logits, (self.rows // network.packing * network.patches,))
            if ends_in_probabilities(logits):
                self.warnings.append(
                    f"{_named(node)}: forward ends in a sigmoid or softmax, and losses and penalties read logits: "
                    "leave it out"
                )
            if [features.shape[1] for features in read] != [network.features]:
                raise InputError(
                    f"{_named(node)}: forward should call the layer `head` once, with {network.features} features "
                    f"(its attribute `features`); it called that with the shapes {[tuple(part.shape) for part in read]}"
                )

    def _check_values(self, node: Node, function: str, call: Callable[[], Tensor]) -> None:
        """Raise InputError unless a function gives one value per row."""
        self._check_shape(node, function, self._called(node, call), (self.rows,))

    def _called(self, node: Node, call: Callable[[], Tensor]) -> Tensor:
        """What a part returns; raises InputError if it raises."""
        try:
            return call()
        except Exception as error:  # code from outside may raise anything
            raise InputError(f"{_named(node)}: a trial failed: {reason_of(error)}") from error

    def _check_shape(self, node: Node, function: str, value: object, expected: tuple[int, ...]) -> None:
        """Raise InputError unless a value is a tensor of the `expected` shape."""
        shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        if shape != expected:
            raise InputError(f"{_named(node)}: {function} should return the shape {expected}, got {shape}")

    def _blamed(self, error: Exception) -> str:
        """The part in whose code an error arose, by its traceback; all parts from outside if it is in none."""
        for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
            module = frame.f_globals.get("__name__")
            for node in self.outside:
                if node.target.__module__ == module:
                    return _named(node)
        return " with ".join(_named(node) for node in self.outside)


def ends_in_probabilities(values: Tensor) -> bool:
    """Whether the last function that computed `values`, but for changes of shape, is a sigmoid or a softmax."""
    function = values.grad_fn
    while function is not None and _OF_SHAPE.match(function.name()):
        function = function.next_functions[0][0]
    return function is not None and re.search("sigmoid|softmax", function.name(), re.IGNORECASE) is not None


def _named(node: Node) -> str:
    """The setting of a part and its class."""
    return f"{node.path} ({node.target.__module__}.{node.target.__name__})"


def _batch(data: MemoryData, networks: Mapping[str, Network]) -> Batch:
    """Random rows of the data's shape, at most as many as an update has."""
    packing = 1
    for network in networks.values():
        if isinstance(network, Discriminator):
            packing = max(packing, network.packing)
    rows = min(data.batch_size, _MOST_ROWS) // packing * packing or packing
    shape: tuple[int, ...] = (2,)
    if data.image_size is not None:
        shape = (getattr(data, "channels", 1), *height_and_width(data.image_size))
    batch = {"image": _uniform("image", (rows, *shape)) * 2 - 1}
    if data.classes:
        batch["label"] = torch.arange(rows) % data.classes
    if data.has_sources:
        batch["source"] = _uniform("source", (rows, *shape)) * 2 - 1
    return batch


def _noise(purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(shape)


def _uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Numbers in [0, 1)."""
    return torch.rand(shape)
