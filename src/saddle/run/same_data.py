"""A run goes on with the data that it was begun with, or with other data if the user says so."""

import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saddle.data.identity import Identity
from saddle.data.memory import MemoryData
from saddle.error import InputError


def class_names_in(mark: Mapping[str, Any]) -> list[str] | None:
    """The names of the classes that saddle's entry in a checkpoint records; None if an older version wrote it."""
    data = mark.get("data")
    names = data.get("classes") if isinstance(data, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else None


def check_same_data(mark: Mapping[str, Any], data: MemoryData, accept: bool, path: Path) -> None:
    """Raise InputError, naming the first difference, if `data` is not what it was in the checkpoint `path`.

    `mark` is saddle's entry in the checkpoint; an older version recorded no data, which passes. With `accept` there is
    a warning on stderr instead. Data that only moved is the same.
    """
    change = _change(mark, data, path)
    if change is None:
        return
    if not accept:
        raise InputError(f"resume: {change}: put it back, or use data.changed=accept to go on with the data as it is")
    print(f"warning: {change}: the run goes on with the data as it is", file=sys.stderr)


def warn_of_other_data(mark: Mapping[str, Any], data: MemoryData, path: Path) -> None:
    """Warn on stderr if `data`, which a finished run is measured on, is not what it was in the checkpoint `path`."""
    change = _change(mark, data, path)
    if change is not None:
        print(f"warning: {change}: what is measured and shown is the data as it is now", file=sys.stderr)


def _recorded(state: Mapping[str, Any], path: Path) -> Identity:
    try:
        return Identity.from_state(state)
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
        raise InputError(f"{path}: what it says about the run's data is damaged; use an earlier checkpoint") from error


def _change(mark: Mapping[str, Any], data: MemoryData, path: Path) -> str | None:
    """What has changed, in words; None if nothing has, or if nothing is recorded."""
    if mark.get("data") is None:
        return None
    before = _recorded(mark["data"], path)
    now = data.identity()
    reasons: Sequence[str] = before.differences(now)
    if before.rows != now.rows:
        numbers = f"the data had {before.rows} {data.rows_are} and has {now.rows} now"
        return "; ".join([numbers, *reasons[:1]])
    return f"the data has changed since {path}: {reasons[0]}" if reasons else None
