import pytest
import torch

from helpers import trained
from saddle.sweep.comparison import compared
from saddle.sweep.samples import samples_of
from sweeps import change, sweep

VALUES = {"hinge": [4.0, 5.0, 6.0], "minimax": [9.0, 8.0, 7.0], "non_saturating": [10.0, 10.0, 10.0]}
SHORT = ["trainer.max_steps=2", "callback.quality.extractor=none", "logger=none", "objective=null"]


def pictured(folder, *overrides: str) -> torch.Tensor | None:
    """The samples of a sweep in which one run of the first row and one of the second have checkpoints."""
    place = sweep(folder / "s", VALUES)
    for name in ("1_loss=hinge,seed=2", "4_loss=minimax,seed=2"):  # the medians
        for file in (place / name).iterdir():
            file.unlink()
        trained(place / name, f"seed={name[0]}", *SHORT, *overrides)
        change(place / name, metrics={"metric/frechet": 5.0 if name[0] == "1" else 8.0}, data={"name": "Digits"})
        change(place / name, stamp={"extractor": "mnist", "real": 10_000}, seed=2)
    return samples_of(compared([place]).tables[0], 3)


def test_a_picture_has_a_row_of_samples_of_each_median_run(tmp_path):
    picture = pictured(tmp_path)
    assert picture.dtype == torch.uint8
    side = 3 * 28 + 2
    assert picture.shape[1] == 2 * side + 2
    assert picture.shape[2] > 3 * side + 2  # and the names
    rows = picture[:, 2:-2, -3 * side :].split(side, dim=1)
    assert not torch.equal(rows[0], rows[1][:, : rows[0].shape[1]])


@pytest.mark.slow
def test_points_are_drawn_in_panels(tmp_path):
    toy = ["data=ring", "architecture=points", "penalty=none", "loss=hinge"]
    picture = pictured(tmp_path, *toy)
    assert picture.shape == (3, 320, 640)


def test_a_comparison_without_checkpoints_has_no_samples(tmp_path):
    assert samples_of(compared([sweep(tmp_path / "s", VALUES)]).tables[0], 3) is None
