"""Features of the real images, cached on disk, because every run on the same data needs them again."""

import hashlib
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from saddle.data.module import ImageData
from saddle.file import replacing
from saddle.metric.base import Extractor, Read
from saddle.seed import fixed_order


def chosen(images: Tensor, num: int) -> Tensor:
    """At most `num` of the images, the same ones in every run on the same data."""
    if len(images) <= num:
        return images
    rows = fixed_order(len(images), "reference")[:num]
    return images[rows.sort().values]


def reference(images: Tensor, extractor: Extractor, cache: Path | None) -> Read:
    """Features and probabilities of uint8 images (N, C, H, W), from the folder `cache` if they are there.

    The file is named by the digests of images and extractor. A damaged file is replaced. A folder that cannot be
    written is ignored.
    """
    if cache is None:
        return Read(*extractor(images))
    path = cache / f"{_digest(images)}-{extractor.sha256[:16]}.safetensors"
    try:
        tensors = load_file(path)
        return Read(tensors["features"], tensors["probabilities"])
    except (OSError, SafetensorError, KeyError):
        pass
    read = Read(*extractor(images))
    with suppress(OSError, SafetensorError):
        cache.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            save_file({"features": read.features, "probabilities": read.probabilities}, temporary)
    return read


def class_shares(data: ImageData, extractor: Extractor, read: Read) -> Tensor | None:
    """The share of each class in the data, float64 (K,), if `extractor`, which gave `read`, reads these classes."""
    if not extractor.reads_classes_of(data):
        return None
    shares = data.mode_shares()
    return None if shares is None or len(shares) != read.probabilities.shape[1] else shares


def _digest(images: Tensor) -> str:
    digest = hashlib.blake2b(str(tuple(images.shape)).encode(), digest_size=8)
    digest.update(images.contiguous().numpy().data)
    return digest.hexdigest()
