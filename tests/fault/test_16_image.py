"""Fault 16: an image file of any kind is converted by the rule, left out with a count, or refused by name."""

import io
import os
import struct
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from folders import data_of, spoil
from hostile import check_sentence
from saddle.bound import height_and_width
from saddle.data.image_cache import open_cache
from saddle.data.image_file import BrokenImageError, Form, read_image
from saddle.error import InputError
from systems import posix

PIXELS = np.random.default_rng(0).integers(0, 256, (11, 14, 4), dtype=np.uint8)


def encoded(mode: str, kind: str, **options) -> bytes:
    deep = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    image = deep if mode == "I;16" else Image.fromarray(PIXELS, "RGBA").convert("RGB").convert(mode)
    if mode == "RGBA":
        image = Image.fromarray(PIXELS, "RGBA")
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


KINDS = {
    "PNG": ("RGB", "L", "RGBA", "P", "1", "LA", "I;16"),
    "JPEG": ("RGB", "L", "CMYK"),
    "BMP": ("RGB", "L"),
    "GIF": ("P", "L"),
    "TIFF": ("RGB", "L", "RGBA", "CMYK", "I;16", "LAB", "YCbCr", "1"),
    "WEBP": ("RGB", "RGBA"),
    "PPM": ("RGB", "L"),
}
SOUND = {f"{kind} {mode}": encoded(mode, kind) for kind, modes in KINDS.items() for mode in modes}
SOUND |= {f"TIFF {way}": encoded("RGB", "TIFF", compression=way) for way in ("tiff_lzw", "tiff_deflate", "packbits")}
FORMS = st.builds(
    Form,
    st.sampled_from([1, 8, (33, 12)]),
    st.sampled_from([1, 3, 4]),
    st.sampled_from(["crop", "pad", "stretch"]),
    st.integers(0, 255),
)


@pytest.mark.parametrize("kind", SOUND)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_kind_is_converted(kind, channels, tmp_path):
    (tmp_path / "image").write_bytes(SOUND[kind])
    image = read_image(tmp_path / "image", Form(8, channels, "crop", 255))
    assert (image.dtype, image.shape) == (torch.uint8, (channels, 8, 8))
    assert image[:3].float().std() > 5  # noise stays noise, whatever the kind


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """An image file with one to twenty faults, most of them near its beginning."""
    content = bytearray(SOUND[draw(st.sampled_from(sorted(SOUND)))])
    for _ in range(draw(st.sampled_from([1, 1, 2, 5, 20]))):
        manner = draw(st.sampled_from(["byte", "bit", "number", "cut", "again"]))
        near = draw(st.integers(0, min(len(content) - 1, 200)))
        place = draw(st.integers(0, len(content) - 1))
        if manner == "byte":
            content[place] = draw(st.integers(0, 255))
        elif manner == "bit":
            content[near] ^= 1 << draw(st.integers(0, 7))
        elif manner == "number":
            order = draw(st.sampled_from("<>"))
            number = draw(st.sampled_from([0, 1, 70_000, 2**31 - 1, 2**32 - 1]))
            content[near : near + 4] = struct.pack(f"{order}I", number)
        elif manner == "cut" and place > 4:
            del content[place:]
        elif manner == "again":
            content[place:place] = content[near : near + draw(st.integers(1, 30))]
    return bytes(content)


def walk(examples: int) -> Counter:
    """Read that many spoilt files; how many were read all the same, and how many are broken."""
    counted: Counter = Counter()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "image.png"

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(spoilt(), FORMS)
        def run(content, form):
            path.write_bytes(content)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    image = read_image(path, form)
                shape = (form.channels, *height_and_width(form.image_size))
                assert (image.dtype, image.shape) == (torch.uint8, shape)
                counted["read"] += 1
            except BrokenImageError as broken:
                assert len(str(broken).splitlines()) == 1
                counted["broken"] += 1

        run()
    return counted


def test_spoilt_images_are_read_or_named_as_broken():
    counted = walk(300)
    assert min(counted["read"], counted["broken"]) > 30


@pytest.mark.slow
def test_thousands_of_spoilt_images(capsys):
    counted = walk(5000)
    with capsys.disabled():
        print(f"\nimages: {dict(counted)}")
    assert min(counted["read"], counted["broken"]) > 500


ODD_NAMES = ["a b.png", "ä.png", "-rf.png", "${seed}.png", "a\nb.png", "\x1b[31m.png", "a'b\".png", "%s.png"]


@posix
def test_names_with_odd_characters_are_read_and_shown_on_one_line(tmp_path, capsys):
    names = [*ODD_NAMES, os.fsdecode(b"\xff.png")]
    for name in names:
        (tmp_path / name).write_bytes(SOUND["PNG RGB"])
    data = data_of(tmp_path)
    data.prepare_data()
    assert len(data.training()[0]) == len(names)
    spoil(tmp_path, *(f"broken{name}" for name in names))
    data = data_of(tmp_path)
    data.prepare_data()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"9 of the 18 image files in {tmp_path} are left out:"
    assert len(lines) == 10
    assert all(line.isprintable() for line in lines)
    assert any("brokena\\nb.png" in line for line in lines)
    with pytest.raises(InputError) as refused:
        data_of(tmp_path, broken="refuse").prepare_data()
    check_sentence(str(refused.value))
    assert len(str(refused.value).splitlines()) == 1


@posix
def test_links_in_circles_links_to_nothing_and_pipes_do_not_hang(tmp_path):
    (tmp_path / "a.png").write_bytes(SOUND["PNG L"])
    (tmp_path / "b.png").write_bytes(SOUND["JPEG L"])
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    data = data_of(tmp_path)
    data.prepare_data()
    data.read()
    assert data.names == ["a.png", "b.png", "gone.png", "pipe.png", "self.png"]
    assert data.skipped == 3


@posix
@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="nothing is unreadable for root")
def test_what_may_not_be_read_is_left_out_or_refused(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(SOUND["PNG L"])
    (tmp_path / "a.png").chmod(0)
    data = data_of(tmp_path)
    data.prepare_data()
    data.read()
    assert data.skipped == 1


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_spoilt_cache_is_never_taken_for_a_sound_one(data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "cached"
    root, cache = folder / "own", folder / "cache"
    if not root.is_dir():
        root.mkdir(parents=True)
        for name in ("a.png", "b.png"):
            (root / name).write_bytes(SOUND["PNG L"])
        data_of(root, memory_mib=0, cache=str(cache)).prepare_data()
    [path] = cache.iterdir()
    sound = path.read_bytes()
    try:
        place = data.draw(st.integers(0, len(sound) - 1))
        cut = data.draw(st.booleans())
        changed = (
            sound[:place]
            if cut
            else sound[:place] + bytes([sound[place] ^ data.draw(st.integers(1, 255))]) + sound[place + 1 :]
        )
        path.write_bytes(changed)
        opened = open_cache(path, (1, 8, 8))
        if opened is not None:  # only what says nothing of pixels may differ: a blank of JSON
            assert opened.images.numpy().tobytes() == sound[:128]
            assert opened.table.kept == [0, 1]
    finally:
        path.write_bytes(sound)
