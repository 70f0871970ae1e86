import json
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("optuna")

from saddle.callback.prune import Prune
from sweeps import curve


def run(sweep: Path, number: int, values: dict[int, float], **summary) -> Path:
    """The folder of a trial whose metric/frechet had these values by iteration."""
    folder = sweep / f"{number}_lr={number}"
    folder.mkdir()
    curve(folder / "metrics.csv", [{"iteration": at, "metric/frechet": value} for at, value in values.items()])
    (folder / "summary.json").write_text(json.dumps({"finished": True, **summary}))
    return folder


def judged(folder: Path, iteration: int, objective="metric/frechet", directions=None, **changes) -> int | None:
    """The iteration at which the trial in `folder` is pruned, if it is."""
    metrics = {"one": SimpleNamespace(directions=directions or {"frechet": "smaller"})}
    settings = {"pruner": "median", "startup": 3, **changes}
    callback = Prune(str(folder), metrics, objective, **settings)
    limits = SimpleNamespace(min_epochs=None, epoch_loop=SimpleNamespace(min_steps=None))
    trainer = SimpleNamespace(fit_loop=limits, should_stop=False)
    module = SimpleNamespace(clock=SimpleNamespace(iteration=iteration), game=SimpleNamespace(measures={}))
    if callback.monitor is not None:
        callback.on_validation_end(trainer, module)
    assert trainer.should_stop == (callback.at is not None)
    return callback.at


def test_a_trial_ends_that_is_worse_than_the_median_at_the_same_iteration(tmp_path):
    for number, value in enumerate((10.0, 20.0, 30.0)):
        run(tmp_path, number, {100: 2 * value, 200: value})
    run(tmp_path, 3, {100: 0.0, 200: 0.0}, finished=False)  # interrupted: it does not count
    run(tmp_path, 4, {100: 0.0, 200: 0.0}, pruned=200)  # nor does a pruned one
    (tmp_path / "study.db").touch()
    assert judged(run(tmp_path, 5, {100: 41.0}, finished=False), 100) == 100
    assert judged(run(tmp_path, 6, {100: 15.0, 200: 25.0}, finished=False), 200) is None, "its best until then counts"
    worse = run(tmp_path, 7, {100: 50.0, 200: 21.0}, finished=False)
    assert judged(worse, 200, startup=6) is None, "too few trials have finished"
    assert judged(worse, 200, pruner=None) is None


def test_what_is_better_is_what_the_metric_declares(tmp_path):
    for number, value in enumerate((10.0, 20.0, 30.0)):
        run(tmp_path, number, {100: value})
    own = run(tmp_path, 5, {100: 5.0})
    assert judged(own, 100) is None
    assert judged(own, 100, directions={"frechet": "larger"}) == 100
