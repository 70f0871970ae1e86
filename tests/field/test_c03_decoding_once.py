"""C3: a folder of many images is decoded by several threads, once: later starts find the images in the cache."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from folders import data_of, gray_images, read, spoil
from helpers import train
from saddle.data import image_cache, image_files
from saddle.data.image_file import read_image
from saddle.error import InputError


@pytest.fixture
def photographs(tmp_path):
    """Images of many sizes, far larger than wanted, and two that are broken."""
    root = tmp_path / "own"
    root.mkdir()
    random = np.random.default_rng(0)
    for index in range(40):
        coarse = Image.fromarray(random.integers(0, 256, (8, 9, 3), dtype=np.uint8))
        coarse.resize((100 + 7 * index, 90), Image.Resampling.BICUBIC).save(root / f"{index:02d}.jpg")
    spoil(root, "07.jpg", "x.png")
    return root


@pytest.fixture
def decoded(monkeypatch):
    """The files that are decoded."""
    calls = []
    real = image_files.read_picture
    monkeypatch.setattr(image_files, "read_picture", lambda *a: calls.append(a[0].name) or real(*a))
    return calls


@pytest.mark.parametrize("limit", [None, 25])
def test_any_number_of_threads_gives_the_same_bits_as_one_file_after_the_other(photographs, monkeypatch, limit):
    found = []
    for threads in (1, 5):
        monkeypatch.setattr(image_files, "_threads", lambda threads=threads: threads)
        monkeypatch.setattr(image_files, "_CHUNK", 7)
        found.append(read(photographs, channels=3, limit=limit))
    first, second = (data.training()[0] for data in found)
    assert torch.equal(first, second)
    assert found[0].identity() == found[1].identity()
    kept = found[0].files.kept()
    assert "07.jpg" not in kept
    assert limit or kept == sorted(kept)
    alone = [read_image(photographs / name, found[0].form) for name in kept]
    assert torch.equal(first, torch.stack(alone))


@pytest.mark.parametrize("reason", ["many files", "large files", "many pixels"])
def test_what_took_long_is_kept_although_memory_holds_it(photographs, tmp_path, monkeypatch, decoded, reason):
    if reason == "many files":
        monkeypatch.setattr(image_files, "_WORTH_FILES", 41)
    elif reason == "many pixels":
        monkeypatch.setattr(image_files, "_WORTH_PIXELS", 39 * 100 * 90)
    else:
        monkeypatch.setattr(image_files, "_WORTH_BYTES", sum(path.stat().st_size for path in photographs.iterdir()))
    cache = str(tmp_path / "cache")
    first = read(photographs, cache=cache)
    assert len(decoded) == 41
    second = read(photographs, cache=cache)
    assert len(decoded) == 41
    assert torch.equal(first.training()[0], second.training()[0])
    assert (second.skipped, second.prefetch) == (2, None)
    assert first.identity() == second.identity()


def test_jobs_that_start_together_decode_once(photographs, tmp_path, monkeypatch, decoded, capsys):
    monkeypatch.setattr(image_files, "_WORTH_FILES", 1)
    monkeypatch.setattr(image_cache, "_SILENT_SECONDS", 0.0)
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(3) as pool:  # a lock of the system parts threads as it parts processes
        jobs = list(pool.map(lambda _: read(photographs, cache=str(cache)), range(3)))
    assert len(decoded) == 41
    assert all(torch.equal(job.training()[0], jobs[0].training()[0]) for job in jobs)
    assert capsys.readouterr().err.count("another process is reading these images: waiting for its result") == 2
    assert [path.suffix for path in cache.iterdir()] == [".images"]


def test_a_killed_job_keeps_no_other_from_decoding(photographs, tmp_path, monkeypatch, decoded):
    monkeypatch.setattr(image_files, "_WORTH_FILES", 1)
    cache = tmp_path / "cache"
    first = read(photographs, cache=str(cache))
    (file,) = cache.iterdir()
    file.unlink()
    file.with_name(f".{file.stem}.lock").touch()  # what is left of it
    second = read(photographs, cache=str(cache))
    assert torch.equal(first.training()[0], second.training()[0])
    assert len(decoded) == 82


def test_a_cache_that_cannot_be_written_costs_time_alone(photographs, tmp_path, monkeypatch, decoded, capsys):
    monkeypatch.setattr(image_files, "_WORTH_FILES", 1)
    (tmp_path / "cache").write_text("a file")
    data = read(photographs, cache=str(tmp_path / "cache"))
    assert data.rows_in_use() == 39
    assert len(decoded) == 41
    said = capsys.readouterr().err
    assert said.startswith("warning: data.cache=")
    assert "until then images are decoded at each start" in said


def test_broken_files_that_are_refused_are_decoded_once_and_no_fault_of_the_cache(
    photographs, tmp_path, monkeypatch, decoded, capsys
):
    monkeypatch.setattr(image_files, "_WORTH_FILES", 1)
    with pytest.raises(InputError, match="data.broken=refuse: 2 of the 41 image files"):
        read(photographs, cache=str(tmp_path / "cache"), broken="refuse")
    assert len(decoded) == 41
    assert "warning" not in capsys.readouterr().err


def test_few_small_files_make_no_cache(tmp_path, decoded):
    root = gray_images(tmp_path / "own")
    for _ in range(2):
        data_of(root, cache=str(tmp_path / "cache")).read()
    assert len(decoded) == 24
    assert not (tmp_path / "cache").exists()


def test_a_resumed_run_decodes_nothing(tmp_path):
    root = tmp_path / "own"
    root.mkdir()
    for index in range(1000):
        Image.new("L", (4, 4), index % 251).save(root / f"{index}.bmp")
    settings = ["architecture=mlp", "data=image_folder", "data.root=own", "data.image_size=4", "data.channels=1"]
    settings += ["data.batch_size=4", "trainer.max_steps=2", "trainer=cpu", "hydra.run.dir=run"]
    assert train(*settings, cwd=tmp_path).returncode == 0
    (file,) = (tmp_path / "outputs" / "cache").glob("*.images")
    before = file.stat().st_mtime_ns
    result = train("resume=run", "trainer.max_steps=4", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert file.stat().st_mtime_ns == before
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["data"]["images"] == 1000
