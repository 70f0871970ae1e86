"""A folder as model hubs take it: weights, models, a picture and a card. Nothing is uploaded."""

import json
from pathlib import Path

from torch import Tensor

from saddle.export.card import GRID, card_of
from saddle.export.file import ExportedFile, write_checked
from saddle.export.network import networks_of
from saddle.picture.grid import image_grid, row_grid, scale_of
from saddle.picture.png import write_png
from saddle.run.opened import OpenedRun
from saddle.run.sample import sample
from saddle.training.sampling import all_labels, sources_for

_NUM = 64


def write_hub(run: OpenedRun, folder: Path, truncation: float | None) -> list[ExportedFile]:
    """Write weights, models, samples and the card of a run to an empty folder."""
    made: list[ExportedFile] = []
    for network in networks_of(run):
        made.append(write_checked(run, network, folder, "safetensors", "uint8", truncation))
        made.append(write_checked(run, network, folder, "onnx", "uint8", truncation))
    write_png(_grid(run, truncation), folder / GRID)
    description = json.loads((folder / "generator.json").read_text(encoding="utf-8"))
    (folder / "README.md").write_text(card_of(run, description, made), encoding="utf-8")
    return made


def _grid(run: OpenedRun, truncation: float | None) -> Tensor:
    """A picture, uint8 (3, H, W), of samples: a row for each class, translations below their sources, or points."""
    if run.makes_points:
        from saddle.picture.points import point_picture

        return point_picture(sample(run, 1000), run.point_data, "1,000 samples")
    if run.reads == "source":
        import torch

        sources = sources_for(run.generator, run.image_data, 8)
        assert sources is not None, "a generator that translates has sources"
        rows = torch.stack([sources, sample(run, 8)])
        return row_grid(rows, scale=scale_of(rows))
    num = max(_NUM, run.classes)
    images = sample(run, num, truncation=truncation)
    return image_grid(images, all_labels(run.generator, num), run.class_names, scale_of(images))
