"""Does an image cost the same in every size of data? `python benchmarks/scale.py [--largest 10000000]`

Synthetic images of 28x28 in a file on disk, mapped into memory as a folder of images too big for memory is, from 1,000
images to `--largest`, each read for a whole epoch (of small sets: many) in batches of 64, with the shuffle of each
epoch; then the tutorial's pair, batches of 64 of 1,000 and of 60,000 images. Prints CPU microseconds per image.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from speed import CASES, about, timed

from saddle.data.loader import MemoryLoader

PIXELS, ROWS, AT_LEAST = 28 * 28, 64, 1_000_000


def mapped(path: Path, images: int) -> torch.Tensor:
    with path.open("wb") as file:
        for first in range(0, images, 100_000):
            count = min(100_000, images - first)
            file.write(np.random.default_rng(first).integers(0, 256, count * PIXELS, np.uint8).tobytes())
    return torch.from_numpy(np.memmap(path, np.uint8, "r+", shape=(images, 1, 28, 28)))


def microseconds(images: torch.Tensor) -> float:
    loader, wanted = MemoryLoader(images, None, ROWS, seed=0), max(AT_LEAST, len(images)) // ROWS
    for _ in loader:  # the file is read once
        pass
    begun, seen = time.process_time(), 0
    while seen < wanted:
        for _ in loader:
            seen += 1
            if seen == wanted:
                break
    return 1e6 * (time.process_time() - begun) / (seen * ROWS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=10_000_000)
    largest = parser.parse_args().largest
    torch.set_num_threads(1)
    print(about(1))
    with tempfile.TemporaryDirectory() as folder:
        for images in (10**power for power in range(3, 8)):
            if images <= largest:
                path = Path(folder) / "images"
                print(
                    f"data alone, {images:>12,} images: {microseconds(mapped(path, images)):8.2f} us per image",
                    flush=True,
                )
                path.unlink()
    case = CASES["mlp-64"]
    for limit in ("1000", "10000", "60000"):
        kind, quiet = case.variants["default"]
        run = timed(case, kind, f"{quiet} data.limit={limit}")
        print(
            f"tutorial's pair, {int(limit):>7,} images: {1e6 * run['cpu'] / run['images']:8.1f} us per image",
            json.dumps(run),
        )


if __name__ == "__main__":
    main()
