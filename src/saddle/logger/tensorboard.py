"""TensorBoard, which opens on pictures and metrics, and says below each curve what it is."""

from collections.abc import Mapping

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor
from torch.utils.tensorboard.summary import image, scalar

from saddle.logger.curve import Place, place_of, place_of_picture


class TensorBoard(TensorBoardLogger):
    """Event files in `save_dir`/`name`/`version`; those of later iterations than `purge_step` are passed over.

    Groups stand in the order of `saddle.logger.curve`, and the first value of each curve brings its description.
    """

    def __init__(
        self,
        save_dir: str,
        name: str = "",
        version: str = "tensorboard",
        default_hp_metric: bool = False,
        purge_step: int | None = None,
    ) -> None:
        super().__init__(save_dir, name, version, default_hp_metric=default_hp_metric, purge_step=purge_step)
        self._described: set[str] = set()

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Write the values of an iteration by their names in metrics.csv."""
        for name, value in metrics.items():
            place = place_of(name)
            self._write(place, scalar(place.tag, value), "scalars", step)

    @rank_zero_only
    def log_picture(self, name: str, picture: Tensor, step: int) -> None:
        """Write a picture, uint8 (C, H, W)."""
        place = place_of_picture(name)
        self._write(place, image(place.tag, picture, dataformats="CHW"), "images", step)

    def _write(self, place: Place, summary: object, plugin: str, step: int | None) -> None:
        """Write a summary of one value; the first one of a name has the description."""
        if place.tag not in self._described:
            metadata = summary.value[0].metadata  # type: ignore[attr-defined]  # a message of protobuf
            metadata.summary_description = place.description
            metadata.plugin_data.plugin_name = plugin
            self._described.add(place.tag)
        self.experiment._get_file_writer().add_summary(summary, step)
