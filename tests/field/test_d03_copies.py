"""A wrong value is named by the setting that holds it, not by one that copies it."""

import pytest

from saddle.config.compose import compose
from saddle.error import InputError


@pytest.mark.parametrize(
    "override",
    [
        "seed=-1",
        "folder=null",
        "++folder=3",
        "training.accumulate=0",
        "checkpoints.every_images=0",
        "checkpoints.keep=abc",
        "optimizer.lr=-1",
        "optimizer.betas=[0.5]",
        "data.image_size=0",
        "data.channels=abc",
        "data.classes=abc",
        "data.batch_size=null",
        "architecture.conditional=abc",
        "training.images=abc",
    ],
)
def test_a_copy_is_not_named(override):
    with pytest.raises(InputError) as refused:
        compose(["data=digits", "game=auxiliary_classifier", override])
    name = override.partition("=")[0].lstrip("+")
    assert str(refused.value).startswith(f"{name}=")


@pytest.mark.parametrize("override", ["~checkpoints", "~checkpoints.keep", "~folder", "~optimizer.lr"])
def test_what_copies_a_setting_left_out_is_not_named(override):
    with pytest.raises(InputError, match=f"^{override}: a run needs this"):
        compose(["data=digits", override])


def test_a_copy_of_nothing_is_named():
    with pytest.raises(InputError, match=r"^optimizer.lr: it copies \$\{rate\}, and there is no such setting"):
        compose(["data=digits", "optimizer.lr=${rate}"])


@pytest.mark.parametrize("value", ["none", "false", "null", "3"])
def test_settings_that_others_copy_from_are_no_value(value):
    with pytest.raises(InputError, match="^checkpoints: it holds settings by name, as checkpoints.every_images"):
        compose(["data=digits", f"checkpoints={value}"])
