from types import SimpleNamespace

import pytest

from helpers import Points
from saddle.error import InputError


def set_up(data: Points, overfit_batches=0.0) -> Points:
    data.trainer = SimpleNamespace(global_rank=0, world_size=1, overfit_batches=overfit_batches)
    data.setup("fit")
    return data


def test_a_batch_larger_than_the_data_is_refused_with_both_numbers():
    with pytest.raises(InputError, match=r"batch_size=31 x training.accumulate=2 is more than the 60 training images"):
        Points(batch_size=31, accumulate=2).check_size(60)
    Points(batch_size=30, accumulate=2).check_size(60)


def test_the_data_must_fit_the_config():
    data = Points()
    data.channels = 3
    with pytest.raises(InputError, match="data.channels=3, but the images have 1"):
        set_up(data)
    data = Points()
    data.classes = 9
    with pytest.raises(InputError, match="data.classes=9, but the data has a label 9"):
        set_up(data)


def test_images_are_brought_to_size_and_overfit_batches_keeps_that_many():
    data = set_up(Points(batch_size=8), overfit_batches=2)
    assert data.train_dataloader().images.shape == (16, 1, 2, 2)
    assert len(data.train_dataloader()) == 2


def test_state_survives_before_and_after_setup():
    data = Points()
    data.load_state_dict({"batches": 5})
    assert set_up(data).train_dataloader().batches == 5
    data.load_state_dict({"batches": 3})
    assert data.state_dict() == {"batches": 3}
