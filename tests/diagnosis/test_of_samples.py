"""Symptoms of what augmentation makes of images."""

from types import SimpleNamespace

import pytest
import torch

from saddle.augmentation.diffaugment import DiffAugment
from saddle.data.digits import Digits
from saddle.data.loader import as_floats
from saddle.diagnosis.of_samples import common_fill


def case(fill: float | None, flip: bool = False, **images: torch.Tensor) -> SimpleNamespace:
    """What the symptom reads of a run on digits with shifts that leave pixels of that level."""
    augmentations = {} if fill is None else {"diffaugment": DiffAugment(False, 0.25, 0.0, fill)}
    data = Digits(image_size=16, channels=1, classes=10, batch_size=8, seed=0, flip=flip)
    game = SimpleNamespace(objective=SimpleNamespace(augmentations=augmentations))
    real = images.get("real", data.load()[0][:64])
    content = {"state_dict": {}}
    return SimpleNamespace(run=SimpleNamespace(game=game, data=data), real=real, inputs=as_floats, content=content)


def test_black_around_shifted_digits_is_common_in_them_and_gray_is_not():
    assert common_fill(case(-1.0)) > 0.3
    assert common_fill(case(0.0)) < 0.05


def test_the_level_is_the_share_of_pixels_that_have_it():
    half = torch.zeros(16, 1, 16, 16, dtype=torch.uint8)
    half[:, :, :, :4] = 200
    assert common_fill(case(2 * 200 / 255 - 1, real=half)) == pytest.approx(0.25)


def test_without_augmentation_there_is_none_and_mirrored_images_leave_levels_of_the_images():
    assert common_fill(case(None)) is None
    assert common_fill(case(None, flip=True)) > 0.3
