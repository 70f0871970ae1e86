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
