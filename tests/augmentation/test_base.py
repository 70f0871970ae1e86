import inspect

import pytest
import torch
import yaml

from helpers import REPOSITORY
from saddle.augmentation.base import Augmentation, check_colors, whole
from saddle.config.signature import import_target
from saddle.config.validate import check
from saddle.error import InputError

GROUP = REPOSITORY / "conf" / "augmentation"


def test_whole_numbers_are_equally_likely_and_both_ends_are_among_them():
    numbers = (torch.arange(7000) + 0.5) / 7000
    values, counts = whole(numbers, -3, 3).unique(return_counts=True)
    assert values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert counts.tolist() == [1000] * 7


def test_the_largest_number_below_one_never_leads_past_the_last():
    largest = torch.tensor(1 - 2.0**-24)
    assert largest < 1
    for last in range(300):
        assert whole(largest, 0, last) == last
        assert whole(torch.zeros(()), 0, last) == 0


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_settings_that_mix_colors_are_refused_by_name_without_three_channels(channels):
    with pytest.raises(InputError, match=rf"^hue=true mixes .* data\.channels={channels}: use hue=false$"):
        check_colors(["hue", "saturation"], channels)
    check_colors([], channels)
    check_colors(["hue"], 3)
    check_colors(["hue"], 4)


@pytest.mark.parametrize("option", ["none", "diffaugment", "ada"])
def test_the_group_holds_every_setting_with_its_default(option):
    for name, node in yaml.safe_load((GROUP / f"{option}.yaml").read_text(encoding="utf-8")).items():
        assert name == option
        check(f"augmentation.{name}", node, Augmentation)
        parameters = inspect.signature(import_target("", node.pop("_target_"))).parameters
        assert node == {key: parameter.default for key, parameter in parameters.items()}


def test_a_setting_out_of_its_range_is_refused_by_name():
    node = yaml.safe_load((GROUP / "ada.yaml").read_text(encoding="utf-8"))["ada"]
    for name, value in {"target": 1.0, "limit": 1.5, "speed_images": 0, "rotation_degrees": 181.0}.items():
        with pytest.raises(InputError, match=rf"^augmentation\.ada\.{name}={value}"):
            check("augmentation.ada", {**node, name: value}, Augmentation)
    node = yaml.safe_load((GROUP / "diffaugment.yaml").read_text(encoding="utf-8"))["diffaugment"]
    with pytest.raises(InputError, match=r"^augmentation\.diffaugment\.fill=-2"):
        check("augmentation.diffaugment", {**node, "fill": -2.0}, Augmentation)
