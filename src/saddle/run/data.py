"""The data that a finished run was trained on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saddle.error import InputError

if TYPE_CHECKING:
    from saddle.data.module import ImageData


def run_data(record: dict[str, Any], settings: Sequence[str] = ()) -> "ImageData":
    """The images of a run, from its checkpoint's `record`, fetched if they must be; `settings` may move data.root.

    Raises InputError for any other setting.
    """
    from saddle.config.signature import check
    from saddle.data.module import ImageData
    from saddle.factory.instantiate import make

    node = dict(record["data"])
    for setting in settings:
        name, _, value = setting.partition("=")
        if name == "data.root" and "root" not in node:
            raise InputError(f"{setting}: this run's data is in no folder; leave it out")
        if name != "data.root":
            raise InputError(f"{setting}: a run is measured on its own data; only data.root may be given")
        node["root"] = value
    check("data", node, ImageData)
    data = make("data", node)
    data.prepare_data()
    return data
