"""The offline files of Weights & Biases, written and read back."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("wandb", reason="the extra wandb is not installed")

from helpers import SMALL, train, trained

pytestmark = pytest.mark.slow
LOGGED = ["logger=[csv,wandb]", "callback.quality.extractor=none", "objective=null"]


BLOCK = 32_768  # bytes; the files are logs of LevelDB, behind a header of seven bytes


def records(file: Path) -> Iterator[bytes]:
    """The records of a .wandb file, whose parts have checksum, length and kind (whole, first, middle, last)."""
    content, at, parts = file.read_bytes(), 7, b""
    while at + 7 <= len(content):
        if BLOCK - at % BLOCK < 7:  # no room for the beginning of a part
            at += BLOCK - at % BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", content, at)
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield parts
            parts = b""


def history(place: Path) -> list[dict]:
    """The rows that an offline folder holds."""
    from wandb.proto import wandb_internal_pb2

    [file] = place.glob("run-*.wandb")
    rows: list[dict] = []
    for content in records(file):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(content)
        if record.history.item:
            named = {item.key or "/".join(item.nested_key): item.value_json for item in record.history.item}
            rows.append({name: json.loads(value) for name, value in named.items()})
    return rows


def test_numbers_and_pictures_are_in_the_files_and_a_resumed_run_keeps_its_id(tmp_path):
    folder = tmp_path / "run"
    trained(folder, *LOGGED, "trainer.max_steps=10")
    result = train(f"resume={folder}", "trainer.max_steps=20")
    assert result.returncode == 0, result.stderr
    id_of_run = (folder / "wandb" / "id.txt").read_text()
    first, second = sorted((folder / "wandb").glob("offline-run-*"))
    assert first.name.endswith(id_of_run)
    assert second.name.endswith(id_of_run)
    steps: list[int] = []
    for place in (first, second):
        steps += [row["trainer/global_step"] for row in history(place) if "loss/generator" in row]
    assert steps == [5, 10, 15, 20]
    pictures = [row["samples/filenames"] for row in history(first) if "samples/filenames" in row]
    assert len(pictures) == 5  # of the iterations 0, 1, 2, 5 and 10
    assert len(list(first.rglob("media/images/samples_*.png"))) == 5


def test_each_job_of_a_sweep_is_a_run_of_its_own(tmp_path):
    result = train(*SMALL, *LOGGED, "trainer.max_steps=5", f"hydra.sweep.dir={tmp_path}", "-m", "seed=1,2")
    assert result.returncode == 0, result.stderr
    for job in ("0_seed=1", "1_seed=2"):
        [place] = (tmp_path / job / "wandb").glob("offline-run-*")
        assert [row["trainer/global_step"] for row in history(place) if "loss/generator" in row] == [5]
