import struct

import pytest

from saddle.data.idx import check_idx_pair
from saddle.error import InputError


def write(path, magic, shape, content):
    path.write_bytes(struct.pack(f">{1 + len(shape)}I", magic, *shape) + content)
    return path


@pytest.fixture
def pair(tmp_path):
    images = write(tmp_path / "images", 2051, (3, 2, 2), bytes(12))
    return images, write(tmp_path / "labels", 2049, (3,), bytes(3))


def test_a_sound_pair_gives_its_count(pair):
    assert check_idx_pair(*pair) == 3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda i, n: i.unlink(), "images: expected a file, found none"),
        (lambda i, n: i.write_bytes(b""), "images: expected an idx header of 16 bytes, found 0"),
        (lambda i, n: i.write_bytes(i.read_bytes()[:-1]), r"images: expected 28 bytes for 3 x 2 x 2, found 27"),
        (lambda i, n: i.write_bytes(i.read_bytes() + b"x"), r"images: expected 28 bytes for 3 x 2 x 2, found 29"),
        (lambda i, n: i.write_bytes(b"PK" + i.read_bytes()[2:]), "images: expected magic number 2051"),
        (
            lambda i, n: i.write_bytes(n.read_bytes() + bytes(9)),
            r"expected magic number 2051 .*found 2049 \(idx labels\)",
        ),
        (lambda i, n: write(n, 2049, (2,), bytes(2)), "labels: expected 3 labels, one per image of images, found 2"),
        (lambda i, n: write(i, 2051, (0, 2, 2), b""), "images: expected images, found 0"),
        (lambda i, n: write(n, 2049, (2**31,), bytes(3)), "labels: expected 2147483656 bytes"),
    ],
)
def test_a_spoilt_pair_is_refused_naming_file_expected_and_found(pair, spoil, message):
    spoil(*pair)
    with pytest.raises(InputError, match=message):
        check_idx_pair(*pair)
