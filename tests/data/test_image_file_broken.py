"""Broken image files: each is named with a reason, none is decoded that is too large, none hangs."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from saddle.data.image_file import BrokenImageError, Form, read_image
from systems import posix

FORM = Form(image_size=16, channels=3, fit="crop", background=255)


def png_header(width: int, height: int, content: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b"")


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(buffer, kind)
    return buffer.getvalue()


BROKEN = {
    "png": (encoded("PNG")[:3000], "."),
    "jpg": (encoded("JPEG")[:1500], "image file is truncated"),
    "bmp": (encoded("BMP")[:3000], "."),
    "gif": (encoded("GIF")[:1500], "."),
    "tif": (encoded("TIFF")[:3000], "."),
    "webp": (encoded("WEBP")[:1000], "."),
    "ppm": (encoded("PPM")[:3000], "."),
    "text": (b"this is no image\n" * 10, "^none of PNG, JPEG"),
    "empty": (b"", "^empty file$"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "^none of PNG, JPEG"),
    "bomb": (png_header(30_000, 30_000), "^more than 89,478,485 pixels, so it was not decoded$"),
    "warned": (png_header(10_000, 10_000), "^more than 89,478,485 pixels, so it was not decoded$"),
    "huge": (png_header(2**31 - 1, 2**31 - 1), "."),
    "headless": (encoded("PNG")[:20], "."),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_named_with_a_reason(tmp_path, kind):
    content, reason = BROKEN[kind]
    (tmp_path / "image.png").write_bytes(content)
    with pytest.raises(BrokenImageError, match=reason) as caught:
        read_image(tmp_path / "image.png", FORM)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 3


def test_a_bomb_is_never_decoded(tmp_path, monkeypatch):
    (tmp_path / "bomb.png").write_bytes(png_header(10_000, 10_000, bytes(10_001 * 10_000)))
    assert (tmp_path / "bomb.png").stat().st_size < 200_000
    decoded = []
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda image: decoded.append(image))
    with pytest.raises(BrokenImageError, match="pixels, so it was not decoded"):
        read_image(tmp_path / "bomb.png", FORM)
    assert decoded == []


@posix
def test_what_is_no_file_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    for name in ("pipe.png", "link.png", "missing.png"):
        with pytest.raises(BrokenImageError, match="^not a file$"):
            read_image(tmp_path / name, FORM)
