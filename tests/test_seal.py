import io
import zipfile

import pytest
import torch

from saddle.error import InputError
from saddle.seal import check_sound, seal


@pytest.fixture
def sealed(tmp_path):
    path = tmp_path / "a.zip"
    with path.open("w+b") as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("name", "content")
        seal(file)
    return path


def test_a_sealed_file_is_sound_and_still_a_zip(sealed):
    assert check_sound(sealed)
    with zipfile.ZipFile(sealed) as archive:
        assert archive.read("name") == b"content"
        assert archive.testzip() is None


def test_every_bit_counts(sealed):
    content = sealed.read_bytes()
    for bit in range(8 * len(content)):
        spoilt = bytearray(content)
        spoilt[bit // 8] ^= 1 << bit % 8
        sealed.write_bytes(spoilt)
        with pytest.raises(InputError):
            check_sound(sealed)


def test_every_length_counts(sealed):
    content = sealed.read_bytes()
    for length in range(len(content)):
        sealed.write_bytes(content[:length])
        with pytest.raises(InputError):
            check_sound(sealed)
    for more in (b"\0", content):
        sealed.write_bytes(content + more)
        with pytest.raises(InputError):
            check_sound(sealed)


def test_without_a_digest_the_parts_have_their_own_checksums(tmp_path):
    path = tmp_path / "old.ckpt"
    torch.save({"w": torch.arange(100.0)}, path)
    assert not check_sound(path)
    content = path.read_bytes()
    where = content.index(torch.arange(100.0).numpy().tobytes())
    path.write_bytes(content[: where + 5] + b"\x55" + content[where + 6 :])
    with pytest.raises(InputError, match="the CRC-32 of 'old/data/0' is another"):
        check_sound(path)


def test_a_small_file_cannot_fill_the_memory(tmp_path):
    path = tmp_path / "bomb.ckpt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", bytes(10_000_000))
    assert path.stat().st_size < 20_000
    for digest in (False, True):
        if digest:
            content = io.BytesIO(path.read_bytes())
            seal(content)
            path.write_bytes(content.getvalue())
        with pytest.raises(InputError, match="its parts are larger than the file"):
            check_sound(path)
