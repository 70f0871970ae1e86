"""What tests/field (C1) does not say of it: which of several pairs is taken, and what is said of the rest."""

import struct

import pytest

from saddle.data.idx_search import Pair, find_pair
from saddle.error import InputError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def lay(folder) -> Pair:
    """A sound pair under the usual names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IMAGES).write_bytes(struct.pack(">4I", 2051, 1, 2, 2) + bytes(4))
    (folder / LABELS).write_bytes(struct.pack(">2I", 2049, 1) + bytes(1))
    return Pair(folder / IMAGES, folder / LABELS)


def test_the_standard_place_comes_first_then_the_folder_of_the_name_then_the_root(tmp_path):
    places = [tmp_path / "MNIST" / "raw", tmp_path / "MNIST", tmp_path / "mnist", tmp_path]
    pairs = [lay(place) for place in places]
    for pair in pairs:
        assert find_pair(tmp_path, "MNIST", IMAGES, LABELS) == (pair, [])
        for path in pair:
            path.unlink()
    assert find_pair(tmp_path, "MNIST", IMAGES, LABELS) == (None, [])


def test_a_spoilt_pair_is_refused_in_the_standard_place_and_passed_over_elsewhere(tmp_path):
    spoilt, sound = lay(tmp_path / "MNIST"), lay(tmp_path)
    spoilt.labels.write_bytes(b"")
    found = find_pair(tmp_path, "MNIST", IMAGES, LABELS)
    assert found.pair == sound
    assert [reason.startswith(str(spoilt.labels)) for reason in found.unused] == [True]
    lay(tmp_path / "MNIST" / "raw").images.write_bytes(b"")
    with pytest.raises(InputError, match="raw.*train-images"):
        find_pair(tmp_path, "MNIST", IMAGES, LABELS)
