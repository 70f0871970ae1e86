"""What an extractor reads in the real images, kept on disk, because every run on the same data needs it again."""

import hashlib
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from saddle.file import replacing
from saddle.metric.extractor import Extractor
from saddle.metric.score import Read
from saddle.seed import fixed_order


def chosen(images: Tensor, num: int) -> Tensor:
    """At most `num` of the images, the same ones in every run on the same data."""
    return images if len(images) <= num else images[fixed_order(len(images), "reference")[:num].sort().values]


def reference(images: Tensor, extractor: Extractor, cache: Path | None) -> Read:
    """What `extractor` reads in uint8 images (N, C, S, S); from `cache`, a folder, if it was read before.

    The file is named by the digests of images and extractor; one that is damaged is made again. A cache that cannot
    be written is done without.
    """
    if cache is None:
        return Read(*extractor(images))
    path = cache / f"{_digest(images)}-{extractor.sha256[:16]}.safetensors"
    try:
        kept = load_file(path)
        return Read(kept["features"], kept["probabilities"])
    except (OSError, SafetensorError, KeyError):
        pass
    found = Read(*extractor(images))
    with suppress(OSError, SafetensorError):
        cache.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            save_file({"features": found.features, "probabilities": found.probabilities}, temporary)
    return found


def _digest(images: Tensor) -> str:
    made = hashlib.blake2b(str(tuple(images.shape)).encode(), digest_size=8)
    made.update(images.contiguous().numpy().data)
    return made.hexdigest()
