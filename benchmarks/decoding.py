"""How long a folder of photographs takes to read: `python benchmarks/decoding.py [--images 400] [--rounds 5]`.

Synthetic JPEGs (`--side` 1024: a megapixel) in a temporary folder, brought to 64 x 64 in color by `data=image_folder`:
by one thread; by as many threads as this machine has cores; and from the cache, as every later start finds them. The
three come in turn, round after round. Prints medians of wall seconds, and of the ratios to one thread within a round.
With `--against FOLDER`, another checkout reads the same folder in each round, in a process of its own, as this one then
does, too.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image

from saddle.data import image_files
from saddle.data.image_folder import ImageFolder

HERE = Path(__file__).resolve().parents[1]
ALONE = """
import sys, time
from saddle.data.image_folder import ImageFolder
begun = time.perf_counter()
data = ImageFolder(sys.argv[1], 64, 3, 0, 1, seed=0, cache=sys.argv[2])
data.prepare_data()
data.read()
print(time.perf_counter() - begun)
"""


def make(folder: Path, images: int, side: int) -> None:
    """Write smooth noise, which takes as many bytes as a photograph does."""
    random = np.random.default_rng(0)
    for number in range(images):
        coarse = Image.fromarray(random.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8))
        coarse.resize((side, side), Image.Resampling.BICUBIC).save(folder / f"{number:05d}.jpg", quality=90)


def seconds(root: Path, cache: Path, threads: int) -> float:
    """Wall seconds until the images are there."""
    with patch.object(image_files, "_threads", lambda: threads):
        begun = time.perf_counter()
        data = ImageFolder(str(root), 64, 3, 0, 1, seed=0, cache=str(cache))
        data.prepare_data()
        data.read()
        return time.perf_counter() - begun


def seconds_alone(root: Path, cache: Path, checkout: Path) -> float:
    """Wall seconds of the same in a checkout, in a process of its own, without its start."""
    command = [sys.executable, "-c", ALONE, str(root), str(cache)]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(result.stdout)


def measured(root: Path, folder: Path, against: Path | None) -> dict[str, float]:
    """One round: seconds by name."""
    first, second, third, fourth = (folder / name for name in "abcd")
    threads = image_files._threads()
    found = {"one thread": seconds(root, first, 1), f"{threads} threads": seconds(root, second, threads)}
    found["from the cache"] = seconds(root, second, threads)
    if against is not None:
        found["the other checkout"] = seconds_alone(root, third, against)
        found["this checkout"] = seconds_alone(root, fourth, HERE)
        found["this checkout, again"] = seconds_alone(root, fourth, HERE)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "pictures"
        root.mkdir()
        make(root, arguments.images, arguments.side)
        size = sum(path.stat().st_size for path in root.iterdir()) / arguments.images
        print(f"{arguments.images} JPEGs of {arguments.side} x {arguments.side}, {size / 1000:,.0f} kB each")
        rounds = []
        for number in range(arguments.rounds):
            rounds.append(measured(root, Path(folder) / str(number), arguments.against))
    for name in rounds[0]:
        times = [found[name] for found in rounds]
        ratios = [found[name] / found["one thread"] for found in rounds]
        print(f"  {name:<22}  {statistics.median(times):8.3f} s  x {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
