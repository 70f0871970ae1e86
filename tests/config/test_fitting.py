"""Settings that fit pictures and machine: the rules, and who has the last word."""

from dataclasses import replace

import pytest
from PIL import Image

from saddle.config import fitting
from saddle.config.compose import compose
from saddle.config.facts import Facts
from saddle.config.fitting import RULES
from saddle.error import InputError

SMALL = Facts(32, 32, 3, 0, 500, False, 2**34)
HUGE = replace(SMALL, height=1024, width=1024)


@pytest.fixture
def folder(tmp_path):
    for number in range(64):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
    return tmp_path


def values(facts):
    return {name: rule(facts)[0] for name, rule in RULES.items()}


def test_a_weight_grows_with_the_pixels_whatever_their_shape():
    weights = [RULES["weight"](replace(SMALL, height=side, width=side))[0] for side in (16, 32, 64, 128)]
    assert weights == sorted(set(weights))
    assert values(replace(SMALL, height=16, width=64)) == values(SMALL)


def test_a_rate_falls_with_the_side_and_never_exceeds_the_one_that_was_sound():
    rates = [RULES["rate"](replace(SMALL, height=side, width=side))[0] for side in (16, 32, 64, 128)]
    assert rates == [rates[1], rates[1], rates[1] / 2, rates[1] / 4]
    assert RULES["rate"](replace(SMALL, height=16, width=64)) == RULES["rate"](SMALL)


def test_few_pictures_are_changed_and_many_are_not():
    changes = ("color", "translation", "cutout")
    few, many = values(SMALL), values(replace(SMALL, pictures=fitting.FEW))
    assert all(few[name] for name in changes)
    assert not any(many[name] for name in changes)
    assert not any(values(replace(SMALL, pictures=None))[name] for name in changes)
    gray = values(replace(SMALL, channels=1))
    assert (gray["color"], gray["translation"]) == (False, few["translation"])


def test_a_gpu_has_larger_networks_and_batches():
    cpu, gpu = values(SMALL), values(replace(SMALL, on_gpu=True))
    for name in ("batch_size", "generator_width", "discriminator_width"):
        assert gpu[name] == 2 * cpu[name]


def test_a_batch_fits_into_the_memory():
    assert RULES["batch_size"](HUGE)[0] < RULES["batch_size"](SMALL)[0]
    assert "memory" in RULES["batch_size"](HUGE)[1]
    assert RULES["batch_size"](replace(HUGE, free_bytes=None)) == RULES["batch_size"](SMALL)


def test_every_choice_can_be_overridden_and_is_then_no_choice(folder):
    chosen = compose(["experiment=pictures", f"data.root={folder}"]).chosen.settings
    assert {name.partition(".")[0] for name in chosen} == {
        "architecture", "augmentation", "data", "optimizer", "penalty", "training"
    }  # fmt: skip
    for name, (value, reason) in chosen.items():
        other = "false" if isinstance(value, bool) else 1
        left = compose(["experiment=pictures", f"data.root={folder}", f"{name}={other}"]).chosen.settings
        assert set(chosen) - set(left) == {name}
        assert reason


def test_rates_fall_over_the_length_that_is_asked_for(folder):
    shared = ["experiment=pictures", f"data.root={folder}"]
    for overrides, images in ((["training.images=1000"], 1024), (["trainer.max_steps=10"], 320)):
        config = compose([*shared, *overrides])
        assert config.last_iteration * config.rows == images
        assert config.training["schedule"]["generator"]["horizon_images"] == images


@pytest.mark.parametrize(
    "group", ["penalty=r1", "augmentation=none", "architecture=dcgan", "game=bigan", "data=digits"]
)
def test_groups_can_be_chosen_otherwise(folder, group):
    root = [] if group.startswith("data") else [f"data.root={folder}"]
    compose(["experiment=pictures", *root, group])


@pytest.mark.parametrize(
    ("mistake", "setting"),
    [
        ("data.root=nowhere", "data.root"),
        ("data.image_size=[16]", "data.image_size"),
        ("data.image_size=large", "data.image_size"),
        ("data.channels=two", "data.channels"),
        ("data.limit=all", "data.limit"),
        ("data.batch_size=0", "data.batch_size"),
        ("trainer.max_steps=many", "trainer.max_steps"),
        ("training.accumulate=two", "training.accumulate"),
        ("data._target_=os.system", "data._target_"),
        ("trainer.accelerator=abacus", "trainer.accelerator"),
    ],
)
def test_a_mistake_in_what_settings_are_chosen_by_is_named_itself(folder, mistake, setting):
    with pytest.raises(InputError, match=rf"^{setting}\b"):
        from saddle.factory.parts import build_parts

        build_parts(compose(["experiment=pictures", f"data.root={folder}", mistake]))


def test_a_first_look_is_shorter_and_smaller_unless_a_length_was_given(folder):
    shared = ["experiment=pictures", f"data.root={folder}"]
    looks = {"": "data.image_size=32 training.images=40000", "data.image_size=16": "training.images=40000"}
    looks |= {"training.images=1000": None, "trainer.max_steps=10": None}
    for override, look in looks.items():
        assert compose([*shared, *filter(None, [override])]).chosen.first_look == look


def test_runs_without_rules_have_no_table():
    assert compose(["data=digits", "architecture.conditional=false"]).chosen is None
