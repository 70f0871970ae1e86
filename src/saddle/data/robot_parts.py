"""Robots composited from the drawn parts of Robohash: any of a million, by their six factors.

The parts are the set1 of the package `robohash` (https://robohash.org): pictures by Zikri Kader, CC-BY-3.0 or
CC-BY-4.0.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate
from tqdm import tqdm

from saddle.alpha import CHANNELS, premultiplied, straight
from saddle.bound import Side
from saddle.error import InputError

OPTIONS = 10
"""Number of options of each factor."""

COLORS = ("blue", "brown", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow")

FACTORS = ("color", "body", "face", "mouth", "eyes", "accessory")
"""The factors of a robot, in the order of its code. All but the color are parts."""

_LAYERS: Mapping[str, str] = {
    "body": "003#01Body",
    "face": "004#02Face",
    "accessory": "002#Accessory",
    "eyes": "001#Eyes",
    "mouth": "000#Mouth",
}
"""The folders of the parts, undermost part first, as the package lays them."""

_SIDE = 300  # pixels of a part
_GROUND = 255.0  # the level behind robots without alpha

_Box = tuple[slice, slice]
"""Rows and columns of a picture."""


class _Parts(NamedTuple):
    """The parts of one color and factor."""

    pictures: Tensor
    """(10, 4, H, W), cut to the box, colors multiplied by alpha."""
    box: _Box
    """Where they lie in a picture of 300 pixels."""


class RobotParts:
    """Draws robots of `image_size` x `image_size` pixels: on white with 3 channels, or transparent with 4.

    Parts are composited at their own 300 pixels, colors multiplied by alpha, and the robot is then resized bicubically
    with antialiasing. Both are linear, so what is resized is a robot of body and face, which many share, and the
    differences that the small parts make.

    Raises InputError if the package is missing, or lacks a part.
    """

    def __init__(self, image_size: Side, channels: int) -> None:
        self.folder = _folder()
        self.channels = channels
        whole = torch.eye(_SIDE).view(1, 1, _SIDE, _SIDE)
        size = (image_size, _SIDE)
        self._matrix = interpolate(whole, size, mode="bicubic", align_corners=False, antialias=True)[0, 0]

    @torch.no_grad()
    def drawn(self, codes: Tensor) -> Tensor:
        """Robots, uint8 (N, C, image_size, image_size), of codes (N, 6), int64: the options of `FACTORS`."""
        side = len(self._matrix)
        robots = torch.empty(len(codes), self.channels, side, side, dtype=torch.uint8)
        with tqdm(total=len(codes), desc="drawing robots", unit="robot", delay=2, leave=False, disable=None) as bar:
            for color in codes[:, 0].unique().tolist():
                of_color = (codes[:, 0] == color).nonzero()[:, 0]
                groups, which = codes[of_color, 1:3].unique(dim=0, return_inverse=True)
                parts = self._parts(COLORS[color])
                for number, (body, face) in enumerate(groups.tolist()):
                    rows = of_color[which == number]
                    robots[rows] = self._levels(self._group(parts, body, face, codes[rows]))
                    bar.update(len(rows))
        return robots

    def _group(self, parts: Mapping[str, _Parts], body: int, face: int, codes: Tensor) -> Tensor:
        """Robots with one body and one face, levels with colors multiplied by alpha (N, C, H, W)."""
        bare = torch.full((self.channels, _SIDE, _SIDE), 0.0 if self.channels == CHANNELS else _GROUND)
        for part, option in (("body", body), ("face", face)):
            box = parts[part].box
            bare[..., *box] = self._over(parts[part].pictures[option], bare[..., *box])
        options, which = codes[:, FACTORS.index("accessory")].unique(return_inverse=True)
        worn = bare.repeat(len(options), 1, 1, 1)
        box = parts["accessory"].box
        worn[..., *box] = self._over(parts["accessory"].pictures[options], bare[..., *box])
        robots = self._resized(bare) + self._resized(worn[..., *box] - bare[..., *box], box)[which]
        for part in ("eyes", "mouth"):  # neither covers a pixel of the other, so each changes the robot by itself
            box = parts[part].box
            below = worn[..., *box][which]
            chosen = parts[part].pictures[codes[:, FACTORS.index(part)]]
            robots += self._resized(self._over(chosen, below) - below, box)
        return robots

    def _over(self, part: Tensor, below: Tensor) -> Tensor:
        """A part (..., 4, H, W) laid over pictures (..., C, H, W), colors multiplied by alpha."""
        return part[..., : self.channels, :, :] + (1 - part[..., CHANNELS - 1 :, :, :] / 255) * below

    def _resized(self, change: Tensor, box: _Box = (slice(None), slice(None))) -> Tensor:
        """A picture (..., H, W) of the final size; the given one is what lies in `box`, and 0 outside."""
        rows, columns = box
        return self._matrix[:, rows] @ (change @ self._matrix[:, columns].T)

    def _levels(self, robots: Tensor) -> Tensor:
        """Robots as bytes, with plain colors beside alpha."""
        if self.channels == CHANNELS:
            robots = straight(robots.clamp(0, 255))
        return robots.round().clamp(0, 255).to(torch.uint8)

    def _parts(self, color: str) -> dict[str, _Parts]:
        """The parts of one color by factor."""
        parts: dict[str, _Parts] = {}
        for factor, name in _LAYERS.items():
            folder = self.folder / color / name
            pictures = torch.stack([_picture(folder, f"{option + 1:02d}.png") for option in range(OPTIONS)])
            box = _box(pictures)
            parts[factor] = _Parts(premultiplied(pictures[..., *box]), box)
        return parts


def _folder() -> Path:
    package = find_spec("robohash")
    if package is None or package.origin is None:
        raise InputError("data=robots needs the pictures of the package robohash: pip install robohash")
    return Path(package.origin).parent / "sets" / "set1"


def _picture(folder: Path, end: str) -> Tensor:
    """The part (4, 300, 300) in `folder` whose name ends in `end`, levels."""
    files = sorted(folder.glob(f"*-{end}"))
    if not files:
        raise InputError(f"data=robots: {folder} has no part *-{end}: reinstall robohash (pip install robohash==2.0)")
    with Image.open(files[0]) as image:
        pixels = np.array(image.convert("RGBA"))
    return torch.from_numpy(pixels).permute(2, 0, 1).float()


def _box(parts: Tensor) -> _Box:
    """The smallest box that holds everything seen of parts (10, 4, H, W)."""
    seen = (parts[:, CHANNELS - 1] > 0).any(0)
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    return slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)
