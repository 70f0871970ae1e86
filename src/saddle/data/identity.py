"""What a run's data is, so that the run never goes on with other data unnoticed.

Data that only moved is the same: folders are known by the names, sizes and checksums of their files, and by the classes
that these belong to; other data by its content in memory.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Self

import torch
from torch import Tensor

from saddle.error import printable

_MOST_LISTED = 200_000
"""Files of a folder, up to which a checkpoint lists them (some ten bytes each), to name the one that has changed."""

_MOST_BYTES = 2**28  # of such a list in memory, whatever a stranger's checkpoint says

FileContent = tuple[str, int, int]
"""The name, size in bytes and CRC-32 of a file."""


@dataclass(frozen=True)
class Identity:
    """The digests of all parts of the data."""

    rows: int
    """Number of training rows."""
    classes: list[str]
    """The names of the classes, by their numbers."""
    digests: Mapping[str, str]
    """By part: `images`, `labels` and `sources` in memory, or the setting that names a folder."""
    files: Mapping[str, Sequence[FileContent]]
    """By setting, the files in a folder, in their order; without those of a folder that has too many to list."""

    def state(self) -> dict[str, Any]:
        """The identity as plain values and tensors, for a checkpoint."""
        files = {setting: _packed(contents) for setting, contents in self.files.items()}
        return {"rows": self.rows, "classes": self.classes, "digests": dict(self.digests), "files": files}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The identity that `state` was made of."""
        files = {setting: _unpacked(packed) for setting, packed in state["files"].items()}
        return cls(state["rows"], list(state["classes"]), dict(state["digests"]), files)

    def differences(self, now: "Identity") -> list[str]:
        """In what data of the identity `now` differs from this one, in words; the first reason is the best one."""
        reasons: list[str] = []
        named = self._difference_of_classes(now)
        if named:
            reasons.append(named)
        for part, digest in self.digests.items():
            if now.digests.get(part) != digest:
                reasons.append(_difference_of_part(part, self.files.get(part), now.files.get(part)))
        return reasons

    def _difference_of_classes(self, now: "Identity") -> str | None:
        known_before, known_now = set(self.classes), set(now.classes)
        gone = [name for name in self.classes if name not in known_now]
        new = [name for name in now.classes if name not in known_before]
        if gone and new:
            return f"the class {printable(gone[0])} is gone, and the class {printable(new[0])} is new"
        if gone or new:
            return f"the class {printable((gone + new)[0])} is {'gone' if gone else 'new'}"
        for number, (before, after) in enumerate(zip(self.classes, now.classes, strict=True)):
            if before != after:
                return f"class {number} was {printable(before)} and is {printable(after)}"
        return None


def identity_of_rows(rows: Tensor, labels: Tensor | None, sources: Tensor | None, classes: list[str]) -> Identity:
    """The identity of data in memory; `labels` and `sources` are None where there are none."""
    parts = {"images": rows, "labels": labels, "sources": sources}
    digests = {part: _digest_of_rows(values) for part, values in parts.items() if values is not None}
    return Identity(len(rows), classes, digests, {})


def identity_of_files(folders: Mapping[str, Sequence[FileContent]], classes: list[str]) -> Identity:
    """The identity of the images in folders, whose files are given by the settings that name the folders."""
    digests: dict[str, str] = {}
    for setting, contents in folders.items():
        digests[setting] = blake2b(_text(contents), digest_size=16).hexdigest()
    listed = {setting: contents for setting, contents in folders.items() if len(contents) <= _MOST_LISTED}
    return Identity(len(next(iter(folders.values()))), classes, digests, listed)


def _difference_of_part(part: str, before: Sequence[FileContent] | None, now: Sequence[FileContent] | None) -> str:
    """In what a part differs, in words; `before` and `now` are its files, where they are known."""
    if before is None or now is None:
        return f"its {part} are others" if "." not in part else f"the files in {part} are others"
    differences = list(_different_files(before, now))
    if not differences:
        return f"the files in {part} are in another order"
    more = len(differences) - 1
    if more == 0:
        return differences[0]
    return differences[0] + (", and 1 more file differs" if more == 1 else f", and {more} more files differ")


def _different_files(before: Iterable[FileContent], now: Iterable[FileContent]) -> Iterable[str]:
    """A phrase for each file that is gone, new or changed."""
    old = {name: (size, checksum) for name, size, checksum in before}
    new = {name: (size, checksum) for name, size, checksum in now}
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"{printable(name)} is gone"
        elif name not in old:
            yield f"{printable(name)} is new"
        elif old[name] != new[name]:
            yield f"{printable(name)} has changed"


def _digest_of_rows(rows: Tensor) -> str:
    digest = blake2b(f"{rows.dtype} {tuple(rows.shape)}".encode(), digest_size=16)
    digest.update(rows.contiguous().numpy().data)
    return digest.hexdigest()


def _text(contents: Sequence[FileContent]) -> bytes:
    return json.dumps([list(content) for content in contents], separators=(",", ":")).encode()


def _packed(contents: Sequence[FileContent]) -> Tensor:
    """Files as compressed bytes, uint8 (N,): a checkpoint holds nothing but plain values and tensors."""
    return torch.frombuffer(bytearray(zlib.compress(_text(contents))), dtype=torch.uint8)


def _unpacked(packed: Tensor) -> list[FileContent]:
    """The files that were packed; raises ValueError or zlib.error for bytes that are no list of files."""
    contents = json.loads(zlib.decompressobj().decompress(packed.numpy().tobytes(), _MOST_BYTES))
    return [(name, size, checksum) for name, size, checksum in contents]
