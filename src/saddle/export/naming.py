"""What people call a run: its data and its length in words."""

from typing import Any

from saddle.export.description import shareable
from saddle.run.opened import OpenedRun


def title_of(run: OpenedRun) -> str:
    """The name of what a run makes: of its data set or, of a folder of pictures, of that folder."""
    data = shareable(run.record)["data"]
    if "source" in data:
        return f"{data['source']} to {data.get('target', data.get('root'))}"
    return str(data["root"] if _is_folder(data) else data["_target_"].split(".")[-1])


def _is_folder(data: dict[str, Any]) -> bool:
    """Whether the data is a folder of a person's own pictures."""
    return str(data["_target_"]).endswith(".ImageFolder")


def length_of(run: OpenedRun) -> str:
    """How long a run trained, in words."""
    return f"{run.iteration:,} iterations, {run.images:,} images"
