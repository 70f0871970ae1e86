"""best.ckpt: which checkpoint it is, and what becomes of it when a run goes on."""

import csv

import pytest

from helpers import differences, fit
from quality_runs import METRICS, Digits, measured, module
from saddle.callback.quality import FRECHET, Quality
from saddle.training.checkpoint import read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO


def test_the_best_checkpoint_is_the_one_with_the_lowest_distance(tmp_path):
    measured(tmp_path, module(), steps=24)
    with (tmp_path / "metrics.csv").open() as file:
        rows = {int(row["iteration"]): float(row[FRECHET]) for row in csv.DictReader(file) if row[FRECHET]}
    best = min(rows, key=rows.get)
    content = read_checkpoint(tmp_path / "best.ckpt")
    assert content["global_step"] == best
    state = content["callbacks"]["Quality"]
    assert (state["best"], state["interrupted"]) == (rows[best], False)
    assert sorted(rows) == [4, 8, 12, 16, 20, 24]


def test_a_resumed_run_keeps_the_best_so_far(tmp_path):
    quality = Quality(str(tmp_path), METRICS, num=40, cache=None)
    quality.load_state_dict({"best": -1.0, "interrupted": False})
    fit(module(), Digits(), 2, [quality], plugins=[AtomicCheckpointIO()])
    assert quality.best == -1.0
    assert not (tmp_path / "best.ckpt").exists()


@pytest.mark.parametrize("difference", [-1e9, 1e9])
def test_a_best_of_the_end_is_not_overwritten_by_a_worse_one(tmp_path, difference):
    """last.ckpt is saved before the comparison at the end, so a run that goes on from it does not know that one."""
    measured(tmp_path, module(), steps=4)
    content = read_checkpoint(tmp_path / "best.ckpt")
    state = content["callbacks"]["Quality"]
    state["best"] += difference
    AtomicCheckpointIO().save_checkpoint(content, tmp_path / "best.ckpt")
    quality = Quality(str(tmp_path), METRICS, num=40, cache=None)
    quality.load_state_dict({**state, "best": 1e10})
    fit(module(), Digits(), 4, [quality], plugins=[AtomicCheckpointIO()])
    assert quality.best < 1e9
    is_kept = read_checkpoint(tmp_path / "best.ckpt")["callbacks"]["Quality"]["best"] == state["best"]
    assert is_kept == (difference < 0)


class OtherDigits(Digits):
    """Digits of which the first pixel differs."""

    def load(self):
        images, labels = super().load()
        images[0, 0, 0, 0] ^= 1
        return images, labels


@pytest.mark.parametrize(
    ("data", "settings", "is_other"),
    [(Digits(), {}, False), (OtherDigits(), {}, True), (Digits(), {"num": 30}, True)],
)
def test_a_best_so_far_that_was_measured_otherwise_is_kept_apart(tmp_path, capsys, data, settings, is_other):
    measured(tmp_path, module(), steps=4)
    first = read_checkpoint(tmp_path / "best.ckpt")
    state = first["callbacks"]["Quality"]
    capsys.readouterr()
    quality = Quality(str(tmp_path), METRICS, **{"num": 40, "cache": None, **settings})
    quality.load_state_dict({**state, "best": -1.0})
    fit(module(), data, 2, [quality], plugins=[AtomicCheckpointIO()])
    assert (quality.best == -1.0) == (not is_other)
    assert ("best.ckpt begins anew" in capsys.readouterr().err) == is_other
    kept = tmp_path / ("best-until-0.ckpt" if is_other else "best.ckpt")
    assert not differences(read_checkpoint(kept)["state_dict"], first["state_dict"])
