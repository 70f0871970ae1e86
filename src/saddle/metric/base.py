"""What an extractor and a metric are: networks that read images, and numbers that say how samples compare with data."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar, cast

from torch import Tensor

from saddle.bound import ImageSize
from saddle.data.module import ImageData
from saddle.metric.known_factors import KnownFactors

Direction = Literal["smaller", "larger"]
"""Which values of a metric are better."""

PREFIX = "metric/"
"""The beginning of a metric's name among the curves of a run."""

_WORST: Mapping[Direction, float] = {"smaller": float("inf"), "larger": 0.0}

T = TypeVar("T")


class Extractor(ABC):
    """Reads images: features, in which metrics are taken, and class probabilities.

    `name` and `sha256`, the digest of the weights, identify the network.
    """

    name: str
    sha256: str

    tells_classes: ClassVar[bool] = True
    """Whether it gives class probabilities."""

    @property
    def stamp(self) -> str:
        """Name and the beginning of the weights' digest: metrics of different stamps cannot be compared."""
        return f"{self.name}-{self.sha256[:8]}"

    @abstractmethod
    def check(self, channels: int, image_size: ImageSize) -> None:
        """Raise InputError, without the setting that names it, if it does not read images of this form."""

    def reads_classes_of(self, data: ImageData) -> bool:
        """Whether its classes are those of the data: it was made for such data, or ships with saddle for it."""
        return self.name in (type(data).__name__.lower(), data.extractor)

    @abstractmethod
    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, D) and class probabilities (N, K), float32 on the CPU, of uint8 images (N, C, H, W).

        K is 0 for an extractor that tells no classes.
        """


@dataclass(frozen=True)
class Read:
    """What an extractor reads in images: `features` (N, D) and class `probabilities` (N, K), K = 0 without classes."""

    features: Tensor
    probabilities: Tensor

    @property
    def labels(self) -> Tensor:
        """The most probable class of each image, (N,) int64."""
        return self.probabilities.argmax(1)


class AnyMetric:
    """What metrics of images and of points have in common: the names of their values, each with its direction.

    The attributes below are what a metric says about itself. Sweeps, tables and the checks before training read them,
    so a metric of your own is treated like the ones here. Set them in the class body, without an annotation in a
    dataclass.
    """

    directions: ClassVar[Mapping[str, Direction]] = {}
    """Each name that `measure` may give, with "smaller" or "larger", whichever is better."""

    needs: ClassVar[tuple[str, ...]] = ()
    """The inputs without which it does not apply. It is not asked where one of them is None."""

    in_training: ClassVar[bool] = True
    """Whether training may measure it: false where that takes minutes, or needs what `saddle evaluate` alone reads."""

    reads_non_finite: ClassVar[bool] = False
    """Whether `measure` can judge samples that are not finite. If not, `worst` stands for their values."""

    place: ClassVar[int] = 1000
    """Where its values stand among those of other metrics, lowest first."""

    def worst(self) -> dict[str, float]:
        """The values of samples that are not finite: infinity where smaller is better, 0 where larger is.

        Override it if values may be below 0 and larger ones are better.
        """
        return {name: _WORST[direction] for name, direction in self.directions.items()}


@dataclass(frozen=True)
class MetricInputs:
    """What metrics of images may read; all of it comes from one extractor and is on the CPU.

    In training, `training` and `held_out` are always None. `saddle evaluate` also measures held-out images as if they
    were samples; `fake` then is `held_out`.
    """

    real: Read
    """At most 10,000 training images, the same ones in every run on the data."""
    fake: Read
    """The samples."""
    class_shares: Tensor | None = None
    """The share of each class in the data, float64 (K,). None unless the extractor reads the data's own classes.

    The classes of data with known factors are the modes that some of the factors make.
    """
    labels: Tensor | None = None
    """The class, int64 (N,), that each sample was asked to show. None if none was, or without `class_shares`."""
    training: Tensor | None = None
    """Features (M, D) of all training images, or of 60,000 of them. None where the data holds out no images."""
    held_out: Read | None = None
    """Real images outside the training set, at most as many as there are samples. None where the data has none."""
    factors: KnownFactors | None = None
    """The factors of the data. None unless it is drawn from factors that the extractor reads."""
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def shown(self) -> Tensor:
        """The class, int64 (N,), that each sample shows, to be compared with `labels`."""
        if self.factors is None or self.factors.label is None:
            return self.fake.labels
        return self.factors.read(self.fake.features)[:, self.factors.label].argmax(1)

    @property
    def classes(self) -> int | None:
        """The number K of classes that the extractor tells. None if it tells none."""
        return self.real.probabilities.shape[1] or None

    def once(self, compute: Callable[["MetricInputs"], T]) -> T:
        """The result of the function `compute` on these inputs, computed once however many metrics ask for it."""
        if compute not in self._kept:
            self._kept[compute] = compute(self)
        return cast(T, self._kept[compute])


class Metric(AnyMetric, ABC):
    """Numbers that compare samples with training images, in the features of an extractor.

    A metric is built from the config's group `metric`. Training measures those that are chosen there and logs each
    value as metric/NAME; `saddle evaluate` measures every option of the group. `needs` names attributes of
    `MetricInputs`.
    """

    @property
    def fewest(self) -> int:
        """The number of training images without which it cannot be measured."""
        return 2

    @abstractmethod
    def measure(self, inputs: MetricInputs) -> Mapping[str, float]:
        """The values by name, int or float; it may leave out names where they do not apply.

        A ValueError becomes the sentence that ends the command.
        """


class PointDistribution(Protocol):
    """A distribution in the plane with Gaussian noise `std`, around `modes` (K, 2) or around a `curve` (K, 2).

    The one that does not apply is None. `saddle.data.points.PointData` is one.
    """

    std: float

    @property
    def modes(self) -> Tensor | None:
        """The means of the mixture."""

    @property
    def curve(self) -> Tensor | None:
        """The corners of the broken line."""

    def drawn(self, num: int, purpose: str) -> Tensor:
        """`num` points (num, 2), float32; each purpose has its own."""


class PointMetric(AnyMetric, ABC):
    """Numbers that compare points in the plane with their known distribution; otherwise as `Metric`.

    `needs` may name `modes` or `curve`.
    """

    @abstractmethod
    def measure(self, points: Tensor, data: PointDistribution) -> Mapping[str, float]:
        """The values of `points` (N, 2), float32, by name, as in `Metric.measure`."""
