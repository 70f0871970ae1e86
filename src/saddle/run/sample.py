"""Samples of a run's generator."""

from torch import Tensor

from saddle.error import ArgumentError, InputError
from saddle.run.argument import Images, Labels, check_num, checked_images, labels_of
from saddle.run.isolated import isolated
from saddle.run.opened import OpenedRun
from saddle.training.sampling import images_from, sources_for


@isolated()
def sample(
    run: OpenedRun,
    num: int,
    labels: Labels | None = None,
    seed: int = 0,
    truncation: float | None = None,
    sources: Images | None = None,
) -> Tensor:
    """`num` images, or points, as `FinishedRun.sample` says."""
    check_num(run, num)
    check_truncation(run, truncation)
    classes = labels_of(run, num, labels)
    inputs = _sources(run, num, sources)
    return images_from(run.generator, num, seed, classes, truncation, inputs)


def check_truncation(run: OpenedRun, truncation: float | None) -> None:
    """Raise InputError unless latents of the run can be cut off so."""
    if truncation is None:
        return
    if run.reads == "source":
        reason = f"{run.checkpoint} translates images, and no latent can be cut off: leave it out"
        raise ArgumentError("truncation", truncation, reason)
    if not truncation > 0:
        raise ArgumentError("truncation", truncation, "use a number above 0")


def _sources(run: OpenedRun, num: int, sources: Images | None) -> Tensor | None:
    """The images that are translated; None for a generator that reads a latent."""
    if sources is None:
        return sources_for(run.generator, run.data, num) if run.reads == "source" else None
    if run.reads != "source":
        raise InputError(f"sources: the images of {run.checkpoint} are made of noise, not of images: leave it out")
    return checked_images(run, sources, "sources")
