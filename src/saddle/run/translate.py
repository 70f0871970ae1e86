"""Images of a source domain, and what a run's generators make of them."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from saddle.callback.game_metrics import agreements, game_metrics
from saddle.error import InputError
from saddle.game.turn import Networks
from saddle.metric.extractor import extractor_for
from saddle.run.argument import Images, check_num, checked_images
from saddle.run.isolated import isolated
from saddle.run.opened import OpenedRun
from saddle.training.sampling import as_bytes, images_from

_NUM = 8


class Translations(NamedTuple):
    """N images and their translations."""

    sources: Tensor
    """uint8 (N, C, H, W), of the source domain."""
    images: Tensor
    """uint8 (N, C, H, W), their translations."""
    back: Tensor | None
    """uint8 (N, C, H, W), what the other generator makes of the translations; None unless asked for."""
    counterparts: Tensor | None
    """uint8 (N, C, H, W), the true translations; None for sources that were given, and for data without any."""
    labels: Tensor | None
    """int64 (N,); None for sources that were given, and for data without labels."""
    metrics: dict[str, float]
    """The game's metrics of these images; empty for sources that were given."""


@isolated()
def translate(run: OpenedRun, sources: Images | None, num: int | None, back: bool) -> Translations:
    """`sources`, or held-out ones, and their translations, as `FinishedRun.translate` says."""
    if run.game.reads != "source":
        raise InputError(f"{run.checkpoint} translates nothing, its images are made of noise: use saddle sample")
    networks = {name: run.network(name) for name in run.game.averaged}
    if sources is not None:
        if num is not None:
            raise InputError("num: it is the number of the run's own images: leave it out, or sources")
        values = checked_images(run, sources, "sources")
        given = values if values.dtype == torch.uint8 else as_bytes(values)
        return Translations(given, *_translated(networks, given, back), None, None, {})
    num = _NUM if num is None else num
    check_num(run, num)
    batch = run.image_data.held_out(num)
    held_out = as_bytes(batch["source"])
    images, returned = _translated(networks, held_out, back)
    metrics = _metrics(run, networks, batch)
    counterparts = as_bytes(batch["counterpart"]) if "counterpart" in batch else None
    return Translations(held_out, images, returned, counterparts, batch.get("label"), metrics)


def _translated(networks: Networks, sources: Tensor, back: bool) -> tuple[Tensor, Tensor | None]:
    """The translations of `sources`, and what comes `back` of them if that is asked for."""
    images = images_from(networks["generator"], len(sources), 0, sources=sources)
    if not back:
        return images, None
    return images, images_from(networks["inverse"], len(sources), 0, sources=images)


def _metrics(run: OpenedRun, networks: Networks, batch: Mapping[str, Tensor]) -> dict[str, float]:
    """The game's metrics on the batch; where a classifier comes with saddle for the data, what it reads, too."""
    metrics = game_metrics(run.game, networks, batch, run.seed)
    data = run.image_data
    extractor = extractor_for("auto", data.extractor)
    if extractor is not None:
        metrics |= agreements(run.game, networks, batch, run.seed, data, extractor)
    return metrics
