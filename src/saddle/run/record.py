"""Builds objects from the record in a checkpoint: the settings of its training."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddle.config.place import began_in, located, places_in, read_moved, with_places
from saddle.error import InputError

if TYPE_CHECKING:
    from saddle.data.module import ImageData
    from saddle.data.points import PointData
    from saddle.game.turn import Game


def build_recorded(path: str, values: dict[str, Any], kind: type) -> Any:
    """The object of a part of a record; raises InputError if it is no `kind`, or of a class that is not trusted.

    `path` is the setting that messages name.
    """
    from saddle.config.check import checked_node
    from saddle.factory.instantiate import make

    return make(checked_node(path, values, kind))


def recorded_game(record: dict[str, Any]) -> "Game":
    """The game of a run, with its adversarial objective.

    All parts are checked, because a record may be a stranger's: raises InputError as `build_recorded`.
    """
    from saddle.augmentation.base import Augmentation
    from saddle.config.check import checked_node, checked_nodes
    from saddle.config.schema import PASSED_IN
    from saddle.factory.game import build_game
    from saddle.game.turn import DataSizes, Game
    from saddle.loss.base import Loss
    from saddle.penalty.base import Penalty

    data = record["data"]
    return build_game(
        checked_node("game", record["game"], Game, PASSED_IN["game"]),
        checked_node("loss", record["loss"], Loss),
        checked_nodes("penalty", record["penalty"], Penalty),
        checked_nodes("augmentation", record["augmentation"], Augmentation),
        DataSizes(data.get("channels", 0), data.get("image_size"), data.get("classes", 0)),
    )


def is_on_points(record: dict[str, Any]) -> bool:
    """Whether a run was trained on points in the plane (a toy problem) and not on images."""
    return "point_seed" in record.get("data", {})


def moved_data(record: dict[str, Any], settings: Sequence[str], run: Path | None = None) -> dict[str, Any]:
    """The recorded settings of a run's data; "data.root=FOLDER" in `settings` names its new folder.

    Where the data is in two folders, "data.source=FOLDER" names the other one. Other paths are those that the folder of
    the `run` remembers; relative ones are taken from where the run began.

    Raises InputError for any other setting.
    """
    recorded = {"data": dict(record.get("data", {}))}
    if run is not None:
        recorded = located(with_places(recorded, read_moved(run)), began_in(run))
    node: dict[str, Any] = recorded["data"]
    may_move = sorted(name for name in places_in(recorded) if name in ("data.root", "data.source"))
    for setting in settings:
        name, _, value = setting.partition("=")
        if is_on_points(record):
            raise InputError(f"{setting}: a run on points is measured on its own data; leave it out")
        if name == "data.root" and not may_move:
            raise InputError(f"{setting}: this run's data is in no folder; leave it out")
        if name not in may_move:
            given = f"only {' and '.join(may_move)} may be given" if may_move else "leave it out"
            raise InputError(f"{setting}: a run is measured on its own data; {given}")
        node[name.removeprefix("data.")] = value
    return node


def recorded_data(node: dict[str, Any], points: bool, class_names: list[str] | None) -> "ImageData | PointData":
    """The data set of the recorded settings `node`, of `points` or of images, downloaded if necessary.

    Its classes have the order of `class_names`, which the run recorded; an older version recorded none.
    """
    from saddle.data.module import ImageData
    from saddle.data.points import PointData

    data: ImageData | PointData = build_recorded("data", node, PointData if points else ImageData)
    data.keep_classes(class_names)
    data.prepare_data()
    return data
