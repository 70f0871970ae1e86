import json
import math
from contextlib import nullcontext

import lightning
import pytest

from helpers import small_module
from saddle.callback.game_metrics import GameMetrics
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import Quality
from saddle.callback.summary import Summary
from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll
from saddle.error import InputError
from saddle.factory.run import Built
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.run.objective import check_objective
from saddle.sweep.jobs import objective_of


def built(*callbacks, data=None, **flags) -> Built:
    trainer = lightning.Trainer(accelerator="cpu", logger=False, callbacks=list(callbacks), **flags)
    return Built(small_module(Adversarial(AdversarialObjective(NonSaturating()))), data, trainer)


def test_metrics_that_no_run_measures_are_refused_before_training(tmp_path):
    whole = built(Quality("checkpoints"), Summary(str(tmp_path)))
    for name in (
        None,
        "metric/frechet",
        "metric/kernel",
        "loss/generator",
        "loss/discriminator/r1",
        "gradient_norm/generator",
    ):
        check_objective(name, whole)
    for name in ("frechet", "metric/frech", "loss/critic", "loss/critic/r1", "gradient_norm/encoder", "seconds", ""):
        with pytest.raises(InputError, match=f"objective={name}: a run does not measure that; choose one of"):
            check_objective(name, whole)


def test_a_game_is_compared_by_its_own_metrics_too(tmp_path):
    class Measuring(Adversarial):
        measures = ("elbo",)

    module = small_module(Measuring(AdversarialObjective(NonSaturating())))
    for callbacks, refused in (((GameMetrics("samples"),), False), ((), True)):
        trainer = lightning.Trainer(accelerator="cpu", logger=False, callbacks=[Summary(str(tmp_path)), *callbacks])
        with pytest.raises(InputError, match=r"callback\.game: keep that") if refused else nullcontext():
            check_objective("metric/elbo", Built(module, None, trainer))
    with pytest.raises(InputError, match="objective=metric/elbo: a run does not measure that"):
        check_objective("metric/elbo", built(Quality("checkpoints"), Summary(str(tmp_path))))


def test_what_measures_the_metric_must_be_there(tmp_path):
    with pytest.raises(InputError, match=r"objective=metric/frechet is measured by callback\.quality: keep that"):
        check_objective("metric/frechet", built(Summary(str(tmp_path))))
    with pytest.raises(InputError, match=r"objective=loss/generator is measured by callback\.summary: keep that"):
        check_objective("loss/generator", built(Quality("checkpoints")))
    check_objective("metric/frechet", built(fast_dev_run=True))
    check_objective(None, built())


def test_the_metric_is_read_from_the_summary(tmp_path, capsys):
    assert objective_of("a", tmp_path) is None
    (tmp_path / "summary.json").write_text(json.dumps({"metrics": {"a": 2, "b": None}}))
    assert objective_of("a", tmp_path) == 2.0
    assert objective_of("b", tmp_path) == math.inf
    assert objective_of(None, tmp_path) is None
    assert capsys.readouterr().err == ""
    assert objective_of("c", tmp_path) is None
    assert "objective=c: not measured" in capsys.readouterr().err


def test_points_have_metrics_of_their_own(tmp_path):
    summary, points, ring = Summary(str(tmp_path)), PointQuality(), Ring(batch_size=8, seed=0)
    for name in ("modes", "high_quality", "modes_kl", "modes_js", "frechet"):
        check_objective(f"metric/{name}", built(summary, points, data=ring))
    roll = built(summary, points, data=SwissRoll(batch_size=8, seed=0))
    check_objective("metric/coverage", roll)
    with pytest.raises(InputError, match=r"objective=metric/modes: a run does not measure that.*metric/curve_distance"):
        check_objective("metric/modes", roll)
    with pytest.raises(InputError, match=r"objective=metric/modes is measured by callback\.points: keep that"):
        check_objective("metric/modes", built(summary, data=ring))
    with pytest.raises(InputError, match="objective=metric/modes: a run does not measure that"):
        check_objective("metric/modes", built(summary, points, Quality("checkpoints")))
