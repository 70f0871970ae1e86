"""Fault 15: a data file that is not what it should be is refused before training, with file, expected and found."""

import gzip
import struct
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import train
from hostile import check_sentence
from saddle.data.mnist import Mnist
from saddle.error import InputError

NAMES = Mnist.files
IMAGES = struct.pack(">4I", 2051, 4, 28, 28) + bytes(range(256)) * 12 + bytes(64)
LABELS = struct.pack(">2I", 2049, 4) + bytes([3, 1, 4, 1])
NUMBERS = st.sampled_from([0, 1, 3, 4, 5, 28, 255, 2049, 2051, 2**31 - 1, 2**31, 2**32 - 1])


def lay(root: Path, images: bytes | None, labels: bytes | None) -> Path:
    """MNIST's training files below `root`, beside sound files for testing."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, content in zip(NAMES, (images, labels, IMAGES, LABELS), strict=True):
        (raw / name).unlink(missing_ok=True)
        if content is not None:
            (raw / name).write_bytes(content)
    return raw


def read(root: Path) -> Mnist:
    data = Mnist(str(root), 28, 1, 10, batch_size=1, seed=0)
    data.prepare_data()
    data.read()
    return data


@st.composite
def spoilt(draw: st.DrawFn, content: bytes) -> bytes:
    """A file with one to three faults."""
    for _ in range(draw(st.integers(1, 3))):
        manner = draw(st.sampled_from(["number", "byte", "cut", "more", "drop", "gzip"]))
        place = draw(st.integers(0, max(0, len(content) - 1)))
        if manner == "number":
            at = draw(st.sampled_from([0, 4, 8, 12]))
            content = content[:at] + struct.pack(">I", draw(NUMBERS)) + content[at + 4 :]
        elif manner == "byte":
            content = content[:place] + bytes([draw(st.integers(0, 255))]) + content[place + 1 :]
        elif manner == "cut":
            content = content[:place]
        elif manner == "more":
            content += draw(st.binary(min_size=1, max_size=9))
        elif manner == "drop":
            content = content[:place] + content[place + draw(st.integers(1, 9)) :]
        else:
            content = gzip.compress(content)
    return content


def walk(examples: int) -> Counter:
    """Read that many pairs of spoilt files; how many were read after all, and how many refused."""
    counted: Counter = Counter()
    with TemporaryDirectory() as folder:
        root = Path(folder)

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.one_of(st.just(IMAGES), spoilt(IMAGES)), st.one_of(st.just(LABELS), spoilt(LABELS)))
        def run(images, labels):
            raw = lay(root, images, labels)
            try:
                images, classes = read(root).training()
                assert images.shape == (len(classes), 1, 28, 28)
                counted["read"] += 1
            except InputError as refused:
                check_sentence(str(refused))
                assert str(raw) in str(refused) or "data.classes=10, but the data has a label" in str(refused)
                counted["refused"] += 1

        run()
    return counted


def test_spoilt_files_are_read_rightly_or_refused_by_name():
    counted = walk(300)
    assert counted["refused"] > 150
    assert counted["read"] > 0


@pytest.mark.slow
def test_thousands_of_spoilt_files(capsys):
    counted = walk(5000)
    with capsys.disabled():
        print(f"\nidx files: {dict(counted)}")
    assert counted["refused"] > 2500


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            IMAGES[:-1],
            LABELS,
            "train-images-idx3-ubyte: expected 3152 bytes for 4 x 28 x 28, found 3151: fetch the file",
        ),
        (IMAGES + b"x", LABELS, "expected 3152 bytes for 4 x 28 x 28, found 3153"),
        (
            LABELS + bytes(9),
            LABELS,
            "expected magic number 2051 (idx images), found 2049 (idx labels): fetch the file again",
        ),
        (b"PK\3\4" + IMAGES, LABELS, "found 1347093252: unpack it, it is an archive"),
        (b"", LABELS, "expected an idx header of 16 bytes, found 0"),
        (IMAGES, LABELS[:-1], "train-labels-idx1-ubyte: expected 12 bytes for 4, found 11"),
        (
            IMAGES,
            struct.pack(">2I", 2049, 3) + bytes(3),
            "expected 4 labels, one per image of train-images-idx3-ubyte, found",
        ),
        (struct.pack(">4I", 2051, 4, 0, 28), LABELS, "expected images with pixels, found 4 x 0 x 28"),
        (struct.pack(">4I", 2051, 0, 28, 28), struct.pack(">2I", 2049, 0), "expected images, found 0"),
        (struct.pack(">4I", 2051, *[2**32 - 1] * 3), LABELS, "expected 79228162458924105385300197391 bytes"),
        (IMAGES, LABELS[:-1] + b"\xff", "data.classes=10, but the data has a label 255"),
    ],
)
def test_the_message_names_file_expected_and_found(images, labels, message, tmp_path):
    lay(tmp_path, images, labels)
    with pytest.raises(InputError) as refused:
        read(tmp_path)
    assert message in str(refused.value)
    check_sentence(str(refused.value))


def test_a_compressed_file_that_is_not_the_known_one_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"])
    raw = lay(tmp_path, None, None)
    bomb = gzip.compress(bytes(50 * 2**20))  # a thousand times its size
    (raw / f"{NAMES[0]}.gz").write_bytes(bomb)
    (raw / f"{NAMES[1]}.gz").write_bytes(gzip.compress(LABELS)[:-4])
    with pytest.raises(InputError, match="MNIST is not there, and could not be had"):
        read(tmp_path)
    assert sum(path.stat().st_size for path in raw.iterdir()) <= 2 * len(bomb)


SMALL = ("architecture=mlp", "data.batch_size=5", "trainer.max_steps=1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((IMAGES[:-1], LABELS), "expected 3152 bytes for 4 x 28 x 28, found 3151"),
        (
            (IMAGES, LABELS),
            "data.batch_size=5 x training.accumulate=1 is more than the 4 training images: use at most 4",
        ),
    ],
)
def test_a_run_ends_with_2_before_training(content, message, tmp_path):
    lay(tmp_path / "data", *content)
    result = train("data.root=data", *SMALL, "hydra.run.dir=run", cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    check_sentence(result.stderr.strip())
    assert not (tmp_path / "run" / "checkpoints").exists()
