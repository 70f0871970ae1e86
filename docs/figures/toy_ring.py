"""Join the last pictures of two runs: `python docs/figures/toy_ring.py RUN RUN`; writes toy_ring.png beside this file.

The figure in docs/toy.md: experiment=ring, and experiment=ring penalty=none, both short and with seed 0.
"""

import sys
from pathlib import Path

from PIL import Image


def main() -> None:
    pictures = [Image.open(sorted((Path(run) / "samples").glob("*.png"))[-1]).convert("RGB") for run in sys.argv[1:3]]
    joined = Image.new("RGB", (sum(picture.width for picture in pictures), pictures[0].height), "white")
    for place, picture in enumerate(pictures):
        joined.paste(picture, (place * pictures[0].width, 0))
    small = joined.resize((joined.width * 2 // 3, joined.height * 2 // 3), Image.Resampling.LANCZOS)
    small.quantize(256, kmeans=2).save(Path(__file__).with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    main()
