"""Limits that leave nothing to train are refused."""

import pytest

from saddle.config.compose import compose
from saddle.error import InputError


@pytest.mark.parametrize(
    "override",
    [
        "trainer.max_steps=0",
        "trainer.max_epochs=0",
        "trainer.max_time=00:00:00:00",
        "training.images=0",
        "trainer.limit_train_batches=0",
        "trainer.limit_train_batches=0.0",
    ],
)
def test_a_limit_of_nothing(override):
    with pytest.raises(InputError) as refused:
        compose(["data=digits", override])
    assert str(refused.value).startswith(override.partition("=")[0])
