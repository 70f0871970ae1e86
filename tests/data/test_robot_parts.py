import re
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
import robohash
import torch
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from saddle.alpha import composited, has_alpha, premultiplied, straight
from saddle.data import robot_parts
from saddle.data.resize import resized
from saddle.data.robot_parts import COLORS, FACTORS, RobotParts
from saddle.error import InputError

LAYERS = ("003#01Body", "004#02Face", "002#Accessory", "001#Eyes", "000#Mouth")
SET = Path(robohash.__file__).parent / "sets" / "set1"
CODES = torch.tensor(
    [[0, 9, 5, 3, 3, 5], [0, 9, 5, 3, 1, 5], [0, 2, 7, 3, 3, 1], [8, 2, 7, 0, 8, 4], [8, 2, 7, 4, 0, 4]]
)  # accessories 5 and 1 reach under eyes and mouths


def picture(code: torch.Tensor, layer: str) -> torch.Tensor:
    """The part of one layer as it lies in the package, uint8 (4, 300, 300)."""
    option = int(code[FACTORS.index(layer.lstrip("0123456789#").lower())]) + 1
    (file,) = (SET / COLORS[code[0]] / layer).glob(f"*-{option:02d}.png")
    return pil_to_tensor(Image.open(file).convert("RGBA"))


def by_the_book(code: torch.Tensor, side: int, channels: int) -> torch.Tensor:
    """A robot composited at 300 pixels, layer by layer, and resized then, uint8 (C, side, side)."""
    canvas = torch.zeros(4, 300, 300)
    for layer in LAYERS:
        part = premultiplied(picture(code, layer).float())
        canvas = part + (1 - part[3:] / 255) * canvas
    if channels == 3:
        whole = canvas[:3] + (255 - canvas[3:])
        return resized(whole.round().to(torch.uint8)[None], side)[0]
    shrunk = torch.nn.functional.interpolate(canvas[None], (side, side), mode="bicubic", antialias=True)
    return straight(shrunk.clamp(0, 255))[0].round().clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize(("side", "channels"), [(32, 3), (48, 3), (32, 4)])
def test_robots_are_those_composited_at_full_size_and_resized(side, channels):
    drawn = RobotParts(side, channels).drawn(CODES)
    assert drawn.shape == (len(CODES), channels, side, side)
    for robot, code in zip(drawn, CODES, strict=True):
        expected = by_the_book(code, side, channels)
        seen = robot if not has_alpha(robot) else composited(robot.float(), 0.0)
        wanted = expected if not has_alpha(robot) else composited(expected.float(), 0.0)
        assert (seen.float() - wanted.float()).abs().max() <= 1.01
        assert (seen.float() - wanted.float()).abs().mean() < 0.05


def test_robots_are_those_of_the_package():
    """It composites at 1024 pixels without weighing colors by alpha, so edges differ by a little."""
    for name, color in (("saddle", "blue"), ("robot", "white")):
        theirs = robohash.Robohash(name)
        theirs.assemble(roboset="set1", color=color, sizex=64, sizey=64)
        files = robohash.Robohash(name)._get_list_of_files(str(SET / color))
        options = {re.sub(r"[\d#]", "", Path(f).parent.name).lower(): int(f[-6:-4]) - 1 for f in files}
        code = [COLORS.index(color), *(options[factor] for factor in FACTORS[1:])]
        ours = RobotParts(64, 4).drawn(torch.tensor([code]))[0]
        pair = [composited(image.float(), 255.0) for image in (ours, pil_to_tensor(theirs.img))]
        assert (pair[0] - pair[1]).abs().mean() < 2.0


def test_every_option_looks_different_at_32_pixels():
    parts, code = RobotParts(32, 3), torch.tensor([3, 4, 4, 4, 4, 4])
    for factor in range(1, len(FACTORS)):
        codes = code.repeat(10, 1)
        codes[:, factor] = torch.arange(10)
        robots = parts.drawn(codes).float().flatten(1)
        differences = torch.cdist(robots, robots, p=torch.inf) + 255 * torch.eye(10)
        assert differences.min() > 20, FACTORS[factor]


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(robot_parts, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install robohash") as caught:
        RobotParts(32, 3)
    assert "\n" not in str(caught.value)


def test_a_package_without_a_part_is_refused(monkeypatch, tmp_path):
    elsewhere = ModuleSpec("robohash", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(robot_parts, "find_spec", lambda name: elsewhere)
    with pytest.raises(InputError, match=r"no part \*-01.png"):
        RobotParts(32, 3).drawn(CODES)
