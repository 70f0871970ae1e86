"""The metrics of a run's samples, or of other images, against a data set."""

from pathlib import Path

from torch import Tensor

from saddle.data.module import ImageData
from saddle.error import ArgumentError, InputError
from saddle.factory.metrics import all_metrics
from saddle.metric.base import Extractor
from saddle.metric.evaluation import ImageEvaluation, PointEvaluation, evaluate_images, evaluate_points
from saddle.metric.extractor import extractor_for
from saddle.metric.modes import SAMPLES
from saddle.run.isolated import isolated
from saddle.run.opened import OpenedRun
from saddle.run.sample import sample
from saddle.seed import hashed_seed
from saddle.training.sampling import all_labels

_FEWEST_IMAGES, _FEWEST_POINTS = 4, 100  # metrics by neighbors take an image and the three nearest to it


@isolated()
def evaluate(run: OpenedRun, num: int | None, extractor: str, cache: Path | None) -> ImageEvaluation | PointEvaluation:
    """The metrics of `num` samples, as `FinishedRun.evaluate` says."""
    seed = hashed_seed(run.seed, "quality")  # as in training
    network = "average" if run.uses_average else "generator"
    if run.makes_points:
        return _evaluated_points(run, num, extractor, seed, network)
    data = run.image_data
    chosen = extractor_of(extractor, data)
    num = data.evaluated if num is None else num
    if num < _FEWEST_IMAGES:
        raise ArgumentError("num", num, f"too few to measure: use at least {_FEWEST_IMAGES}, better 10,000")
    labels = all_labels(run.generator, num, run.label_shares)  # in the data's shares, as in training
    images = sample(run, num, labels, seed)
    return measured(images, labels, data, chosen, cache, run.path, network)


def _evaluated_points(run: OpenedRun, num: int | None, extractor: str, seed: int, network: str) -> PointEvaluation:
    num = SAMPLES if num is None else num
    if extractor != "auto":
        raise ArgumentError("extractor", extractor, "it reads images, and this run makes points: leave it out")
    if num < _FEWEST_POINTS:
        raise ArgumentError("num", num, f"too few to measure: use at least {_FEWEST_POINTS}, as in the papers 2,500")
    evaluation = evaluate_points(sample(run, num, seed=seed), run.point_data, all_metrics())
    evaluation.stamp |= {"network": network}
    return evaluation


def extractor_of(choice: str, data: ImageData) -> Extractor:
    """The extractor to measure by; raises InputError if there is none, or it does not fit the data."""
    extractor = extractor_for(choice, data.extractor)
    if choice == "none":
        raise ArgumentError("extractor", choice, "without an extractor nothing is measured: name its file")
    if extractor is None:
        raise ArgumentError(
            "extractor",
            choice,
            f"no metric applies: no extractor comes with saddle for {type(data).__name__}: make one with saddle "
            "extractor, or use Inception's weights, and name its file",
        )
    try:
        extractor.check(data.readable_channels, data.image_size)
    except InputError as error:
        raise ArgumentError("extractor", choice, str(error)) from error
    return extractor


def measured(
    images: Tensor,
    labels: Tensor | None,
    data: ImageData,
    extractor: Extractor,
    cache: Path | None,
    source: Path,
    network: str,
) -> ImageEvaluation:
    """The metrics of images, as `evaluate_images`, which the `network` of `source` made."""
    evaluation = evaluate_images(images, labels, data, extractor, cache, all_metrics())
    evaluation.stamp |= {"source": str(source), "network": network}
    return evaluation
