"""What the reader of robots lets pass as valid: `python benchmarks/robots.py`.

Test robots, 2,000 of five colors, are damaged in known ways. A row has the share that is valid, as `saddle evaluate`
counts it, and the share whose six factors are all read rightly. It takes a minute of one core.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from saddle.data.robot_parts import FACTORS, RobotParts
from saddle.data.robots import Robots
from saddle.metric.extractor import extractor_for
from saddle.metric.factors import CONFIDENT

NUM = 2_000


class Incomplete(RobotParts):
    """Draws robots without one part."""

    def __init__(self, missing: str) -> None:
        super().__init__(32, 3)
        self.missing = missing

    def _parts(self, color: str) -> dict:
        parts = super()._parts(color)
        parts[self.missing] = parts[self.missing]._replace(pictures=torch.zeros_like(parts[self.missing].pictures))
        return parts


def as_bytes(levels: Tensor) -> Tensor:
    return levels.round().clamp(0, 255).to(torch.uint8)


def damaged(data: Robots, codes: Tensor) -> dict[str, Tensor]:
    """Images (N, 3, 32, 32) by the name of what was done to the robots of the codes (N, 6)."""
    generator = torch.Generator().manual_seed(0)
    robots = data.drawn(codes)
    others = robots[torch.randperm(len(robots), generator=generator)]
    made = {"test robots": robots}
    for share in (0.1, 0.25, 0.5):
        made[f"{share:.0%} of another robot"] = as_bytes(torch.lerp(robots.float(), others.float(), share))
    for place, factor in enumerate(FACTORS):
        changed = codes.clone()
        changed[:, place] = (codes[:, place] + 1 + torch.arange(len(codes)) % 9) % 10
        made[f"half of another {factor}"] = as_bytes((robots.float() + data.drawn(changed).float()) / 2)
    for factor in FACTORS[1:]:
        made[f"without {factor}"] = Incomplete(factor).drawn(codes)
    made["blurred 3x3"] = as_bytes(avg_pool2d(robots.float(), 3, 1, 1, count_include_pad=False))
    for level in (10, 20):
        noise = torch.randn(robots.shape, generator=generator)
        made[f"noise {level}"] = as_bytes(robots + level * noise)
    made["random pixels"] = torch.randint(0, 256, robots.shape, generator=generator, dtype=torch.uint8)
    return made


def main() -> None:
    torch.set_num_threads(1)
    data = Robots(32, 3, 10, 128, seed=0)
    reader = extractor_for("auto", data.extractor)
    codes = data.test_codes()
    codes = codes[codes[:, 0] < 5][:NUM]
    print(f"{reader.stamp}; {len(codes):,} images in each row")
    print("| images | valid | all factors right |")
    print("|---|---:|---:|")
    for name, images in damaged(data, codes).items():
        best = reader.read_factors(reader(images)[0]).max(2)
        valid = (best.values > CONFIDENT).all(1).double().mean()
        right = (best.indices == codes).all(1).double().mean()
        print(f"| {name} | {valid:.3f} | {right:.3f} |", flush=True)


if __name__ == "__main__":
    main()
