"""From the record in a checkpoint (the settings a run was trained with) to objects."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saddle.error import InputError

if TYPE_CHECKING:
    from saddle.data.module import ImageData
    from saddle.data.points import PointData
    from saddle.game.turn import Game


def build_recorded(path: str, node: dict[str, Any], kind: type) -> Any:
    """The object that a node of a record describes; raises InputError if it is no `kind`, or not one of saddle's.

    `path` is the setting that messages name.
    """
    from saddle.config.validate import check
    from saddle.factory.instantiate import make

    check(path, node, kind)
    return make(path, node)


def recorded_game(record: dict[str, Any]) -> "Game":
    """The game of a run. Its loss, penalties and augmentations are checked as it is: a record may be a stranger's."""
    from saddle.augmentation.base import Augmentation
    from saddle.config.schema import PASSED_IN
    from saddle.config.validate import check
    from saddle.factory.game import build_game
    from saddle.game.adversarial_objective import Penalty
    from saddle.game.turn import DataSizes, Game
    from saddle.loss.base import Loss

    kinds = {"loss": Loss, "penalty": Mapping[str, Penalty], "augmentation": Mapping[str, Augmentation], "game": Game}
    for name, kind in kinds.items():
        check(name, record[name], kind, PASSED_IN.get(name, frozenset()))
    data = record["data"]
    sizes = DataSizes(data.get("channels", 0), data.get("image_size"), data.get("classes", 0))
    return build_game(record["game"], record["loss"], record["penalty"], record["augmentation"], sizes)


def is_on_points(record: dict[str, Any]) -> bool:
    """Whether a run was trained on points in the plane (a toy problem) instead of images."""
    return "point_seed" in record.get("data", {})


def recorded_data(record: dict[str, Any], settings: Sequence[str] = ()) -> "ImageData | PointData":
    """The data set of a run, fetched if need be; `settings` may hold "data.root=FOLDER", if the data was moved.

    Raises InputError for any other setting.
    """
    from saddle.data.module import ImageData
    from saddle.data.points import PointData

    node, points = dict(record["data"]), is_on_points(record)
    for setting in settings:
        name, _, value = setting.partition("=")
        if points:
            raise InputError(f"{setting}: a run on points is measured on its own data; leave it out")
        if name == "data.root" and "root" not in node:
            raise InputError(f"{setting}: this run's data is in no folder; leave it out")
        if name != "data.root":
            raise InputError(f"{setting}: a run is measured on its own data; only data.root may be given")
        node["root"] = value
    data: ImageData | PointData = build_recorded("data", node, PointData if points else ImageData)
    data.prepare_data()
    return data
