"""A digest inside a zip file, so that damage is seen before the file is used.

It is the archive's comment: the digest is replaced in one step with what it is of, and zip readers read on as before.
"""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import BinaryIO

from saddle.error import InputError

_MARK = b"saddle sha256 "
_SIZE = len(_MARK) + 64
_LENGTH = _SIZE.to_bytes(2, "little")
_CHUNK = 1 << 20
_END, _END_SIZE = b"PK\x05\x06", 22  # the record that ends a zip archive without a comment


def seal(file: BinaryIO) -> None:
    """Put the SHA-256 of all that comes before it at the end of a zip archive without a comment, open in mode w+b."""
    file.seek(-2, os.SEEK_END)
    file.write(_LENGTH)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0, os.SEEK_END)
    file.write(_MARK + digest.encode())


def check_sound(path: Path) -> bool:
    """Raise InputError, in one sentence, if the file `path` is missing, empty, no zip archive, or damaged.

    Returns whether it bears a digest, which only saddle writes. Without one, the CRC-32 that zip keeps of each part is
    looked at.
    """
    if path.is_dir() or not path.exists():
        raise InputError(f"{path}: expected a checkpoint file, found {'a folder' if path.is_dir() else 'nothing'}")
    try:
        with path.open("rb") as file:
            return _check(path, file, file.seek(0, os.SEEK_END))
    except OSError as error:
        raise InputError(f"{path}: the checkpoint cannot be read ({error.strerror})") from error


def _check(path: Path, file: BinaryIO, size: int) -> bool:
    if size == 0:
        raise InputError(f"{path}: the checkpoint is empty; use another one")
    file.seek(max(0, size - _SIZE - _END_SIZE))
    end = file.read()
    mark = end[-_SIZE:]
    sealed = mark.startswith(_MARK) and end[-_SIZE - 2 : -_SIZE] == _LENGTH
    if not sealed and not (end[-_END_SIZE:].startswith(_END) and end.endswith(b"\0\0")):
        raise InputError(f"{path}: not a checkpoint, or a truncated one; use another one")
    wrong = "its sha256 is another" if sealed and _digest(file, size - _SIZE) != mark[len(_MARK) :] else None
    wrong = wrong or _wrong_in_archive(file, size, sealed)
    if wrong:
        raise InputError(f"{path}: the checkpoint is damaged ({wrong}); use another one")
    return sealed


def _digest(file: BinaryIO, size: int) -> bytes:
    made = hashlib.sha256()
    file.seek(0)
    while size > 0 and (part := file.read(min(size, _CHUNK))):
        made.update(part)
        size -= len(part)
    return made.hexdigest().encode()


def _wrong_in_archive(file: BinaryIO, size: int, sealed: bool) -> str | None:
    """What is wrong with the list of parts, which could have a small file fill the memory, or with their CRC-32."""
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(max(part.file_size, part.compress_size) for part in archive.infolist()) > size:
                return "its parts are larger than the file"
            broken = None if sealed else archive.testzip()
    except Exception as error:  # zipfile raises nearly anything on a crafted file
        return (str(error) or type(error).__name__).splitlines()[0]
    return f"the CRC-32 of {broken[:80]!a} is another" if broken else None
