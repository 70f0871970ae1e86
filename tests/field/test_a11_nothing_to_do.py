"""Limits that leave nothing to train are refused."""

import pytest

from helpers import SMALL, checkpoint, train
from saddle.config.compose import compose
from saddle.error import InputError

RUN = [*SMALL, "callback.quality.extractor=none"]


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


def test_a_share_of_less_than_one_batch(tmp_path):
    result = train(*RUN, "trainer.limit_train_batches=0.0001", "hydra.run.dir=run", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(
        "trainer.limit_train_batches=0.0001 of the 17 batches is less than one: use a whole"
    )
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_without_epochs_left(tmp_path):
    limits = ("trainer.max_epochs=1", "trainer.max_steps=-1", "trainer.limit_train_batches=2")
    assert train(*RUN, *limits, "hydra.run.dir=run", cwd=tmp_path).returncode == 0
    again = train("resume=run", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr.startswith("trainer.max_epochs=1 ends this run after 1 passes over the data, and ")
    more = train("resume=run", "trainer.max_epochs=2", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    assert checkpoint(tmp_path / "run")["global_step"] == 4
