"""A digest inside a zip file, so that damage is noticed before the file is used.

The digest is the archive's comment. So it is replaced together with the content, and every zip reader reads the file.
"""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import BinaryIO

from saddle.error import InputError, first_line

_MARK = b"saddle sha256 "
_SIZE = len(_MARK) + 64
_LENGTH = _SIZE.to_bytes(2, "little")
_CHUNK = 1 << 20
_END, _END_SIZE = b"PK\x05\x06", 22  # the record that ends a zip archive without a comment


def seal(file: BinaryIO) -> None:
    """Append the SHA-256 of its content to a zip archive without a comment, which is open in mode w+b."""
    file.seek(-2, os.SEEK_END)
    file.write(_LENGTH)
    digest = _digest(file, file.seek(0, os.SEEK_END))
    file.seek(0, os.SEEK_END)
    file.write(_MARK + digest)


def check_sound(path: Path) -> bool:
    """Raise InputError, in one sentence, if the file `path` is missing, empty, not a zip archive, or damaged.

    Returns whether it has a digest, which only saddle writes. Without a digest the CRC-32 of each part is checked.
    """
    if path.is_dir():
        raise InputError(f"{path}: expected a checkpoint file, found a folder")
    if not path.exists():
        raise InputError(f"{path}: expected a checkpoint file, found nothing")
    try:
        with path.open("rb") as file:
            return _check(path, file, file.seek(0, os.SEEK_END))
    except OSError as error:
        raise InputError(f"{path}: the checkpoint cannot be read ({error.strerror})") from error


def _check(path: Path, file: BinaryIO, size: int) -> bool:
    """`check_sound` of the open file of `size` bytes."""
    if size == 0:
        raise InputError(f"{path}: the checkpoint is empty; use another one")
    file.seek(max(0, size - _SIZE - _END_SIZE))
    end = file.read()
    mark = end[-_SIZE:]
    sealed = mark.startswith(_MARK) and end[-_SIZE - 2 : -_SIZE] == _LENGTH
    is_archive = end[-_END_SIZE:].startswith(_END) and end.endswith(b"\0\0")
    if not sealed and not is_archive:
        raise InputError(f"{path}: not a checkpoint, or a truncated one; use another one")
    damage = None
    if sealed and _digest(file, size - _SIZE) != mark[len(_MARK) :]:
        damage = "its sha256 is another"
    damage = damage or _damage_of_archive(file, size, sealed)
    if damage:
        raise InputError(f"{path}: the checkpoint is damaged ({damage}); use another one")
    return sealed


def _digest(file: BinaryIO, size: int) -> bytes:
    """The SHA-256 of the first `size` bytes, as hexadecimal digits."""
    digest = hashlib.sha256()
    file.seek(0)
    while size > 0:
        chunk = file.read(min(size, _CHUNK))
        if not chunk:
            break
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest().encode()


def _damage_of_archive(file: BinaryIO, size: int, sealed: bool) -> str | None:
    """What is wrong with the list of parts or, unless `sealed`, with their CRC-32; None if nothing is.

    Parts that claim to be larger than the file could fill the memory.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(max(part.file_size, part.compress_size) for part in archive.infolist()) > size:
                return "its parts are larger than the file"
            broken = None if sealed else archive.testzip()
    except Exception as error:  # zipfile raises nearly anything on a crafted file
        return first_line(error)
    return f"the CRC-32 of {broken[:80]!a} is another" if broken else None
