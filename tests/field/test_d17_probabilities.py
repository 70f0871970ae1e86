"""D(x) is shown where a logit has a meaning by itself; elsewhere how often D ranks real images above generated ones."""

import csv
import itertools
import json

import pytest

from helpers import SMALL, Points, fit, small_module, train
from saddle.callback.curves import Curves
from saddle.callback.scalars import names_of_scalars
from saddle.config.options import options_where
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.base import Loss
from saddle.loss.hinge import Hinge
from saddle.loss.least_squares import LeastSquares
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.loss.relativistic_average import RelativisticAverage
from saddle.loss.wasserstein import Wasserstein

BOTH = {"probability/D_x", "probability/D_G_z"}
RANKED = {"probability/real_above_fake"}
SHOWN = {
    Minimax: BOTH,
    NonSaturating: BOTH,
    Hinge: BOTH,
    LeastSquares: RANKED,
    Wasserstein: RANKED,
    Relativistic: RANKED,
    RelativisticAverage: RANKED,
}


def test_every_loss_is_tried():
    assert len(options_where("loss", lambda loss: issubclass(loss, Loss))) == len(SHOWN)


@pytest.mark.parametrize(("loss", "expected"), SHOWN.items())
def test_curves_show_what_means_something(tmp_path, loss, expected):
    path, module = tmp_path / "m.csv", small_module(Adversarial(AdversarialObjective(loss())))
    fit(module, Points(), 4, [Curves(str(path))], log_every_n_steps=4)
    with path.open() as file:
        (row,) = csv.DictReader(file)
    assert {name for name in row if name.startswith("probability/")} == expected
    assert {name for name in names_of_scalars(module) if name.startswith("probability/")} == expected
    assert {"logit/real", "logit/fake"} <= row.keys()
    if expected == RANKED:
        observed = module.played["discriminator"].observed
        pairs = [(r > f) + (r == f) / 2 for r, f in itertools.product(observed["real"], observed["fake"])]
        assert float(row["probability/real_above_fake"]) == pytest.approx(float(sum(pairs)) / len(pairs))


def test_summary_table_and_objective_name_it(tmp_path):
    path = tmp_path / "run"
    choices = ["loss=relativistic", "penalty=[r1,r2]", "trainer.max_steps=5", "logger=none"]
    result = train(*SMALL, *choices, f"hydra.run.dir={path}", "objective=probability/real_above_fake")
    assert result.returncode == 0, result.stderr
    metrics = json.loads((path / "summary.json").read_text())["metrics"]
    assert {name for name in metrics if name.startswith("probability/")} == RANKED
    assert "probability/real_above_fake" in result.stdout
    result = train(*SMALL, *choices, f"hydra.run.dir={tmp_path / 'other'}", "objective=probability/D_x")
    assert result.returncode == 2
    assert "objective=probability/D_x: a run does not measure that" in result.stderr
    assert "probability/real_above_fake" in result.stderr
