import lightning
import pytest

from helpers import default_metrics, small_module
from quality_runs import Digits
from saddle.callback.game_metrics import GameMetrics
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import Quality
from saddle.callback.summary import Summary
from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll
from saddle.error import InputError
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.metric.base import Metric
from saddle.metric.contrastive import ContrastiveNetwork
from saddle.metric.contrastive_extractor import ContrastiveCard
from saddle.metric.extractor_file import save_extractor
from saddle.run.objective import check_objective

METRICS = default_metrics()


def check(name, *callbacks, data=None, game=None, metrics=METRICS, **flags) -> None:
    """`check_objective` for a run with these callbacks."""
    trainer = lightning.Trainer(accelerator="cpu", logger=False, callbacks=list(callbacks), **flags)
    game = Adversarial(AdversarialObjective(NonSaturating())) if game is None else game
    check_objective(name, trainer, small_module(game), data or Digits(), metrics)


def test_metrics_that_no_run_measures_are_refused_before_training(tmp_path):
    whole = Quality("checkpoints", METRICS), Summary(str(tmp_path))
    for name in (
        None,
        "metric/frechet",
        "metric/kernel",
        "metric/score",
        "metric/modes",
        "loss/generator",
        "loss/discriminator/r1",
        "gradient_norm/generator",
    ):
        check(name, *whole)
    for name in (
        "frechet",
        "metric/frech",
        "loss/critic",
        "loss/critic/r1",
        "gradient_norm/encoder",
        "seconds",
        "logit/real",
        "",
    ):
        with pytest.raises(InputError, match=f"objective={name}: a run does not measure that; choose one of"):
            check(name, *whole)


def test_a_game_is_compared_by_its_own_metrics_too(tmp_path):
    class Measuring(Adversarial):
        measures = {"elbo": "larger"}

    game = Measuring(AdversarialObjective(NonSaturating()))
    check("metric/elbo", GameMetrics("samples"), Summary(str(tmp_path)), game=game)
    with pytest.raises(InputError, match=r"callback\.game: keep that"):
        check("metric/elbo", Summary(str(tmp_path)), game=game)
    with pytest.raises(InputError, match="objective=metric/elbo: a run does not measure that"):
        check("metric/elbo", Quality("checkpoints", METRICS), Summary(str(tmp_path)))


def test_what_measures_the_metric_must_be_there(tmp_path):
    with pytest.raises(InputError, match=r"objective=metric/frechet is measured by callback\.quality: keep that"):
        check("metric/frechet", Summary(str(tmp_path)))
    with pytest.raises(InputError, match=r"objective=loss/generator is measured by callback\.summary: keep that"):
        check("loss/generator", Quality("checkpoints", METRICS))
    check("metric/frechet", fast_dev_run=True)
    check(None)


def test_points_have_metrics_of_their_own(tmp_path):
    summary, points, ring = Summary(str(tmp_path)), PointQuality(METRICS), Ring(batch_size=8, seed=0)
    roll = SwissRoll(batch_size=8, seed=0)
    for name in ("modes", "high_quality", "modes_kl", "modes_js", "frechet"):
        check(f"metric/{name}", summary, points, data=ring)
    check("metric/coverage", summary, points, data=roll)
    with pytest.raises(InputError, match=r"objective=metric/modes: a run does not measure that.*metric/curve_distance"):
        check("metric/modes", summary, points, data=roll)
    with pytest.raises(InputError, match=r"objective=metric/modes is measured by callback\.points: keep that"):
        check("metric/modes", summary, data=ring)
    with pytest.raises(InputError, match="objective=metric/high_quality: a run does not measure that"):
        check("metric/high_quality", summary, points, Quality("checkpoints", METRICS))


class Mine(Metric):
    """A metric of one's own."""

    directions = {"mine": "larger", "other": "smaller"}

    def measure(self, inputs):
        return {"mine": 1.0}


def test_a_metric_of_ones_own_is_an_objective_if_it_is_chosen(tmp_path):
    callbacks = Quality("checkpoints", METRICS), Summary(str(tmp_path))
    for name in ("metric/mine", "metric/other", "metric/frechet"):
        check(name, *callbacks, metrics={**METRICS, "mine": Mine()})
    with pytest.raises(InputError, match=r"objective=metric/mine: a run does not measure that; choose one of .*kernel"):
        check("metric/mine", *callbacks)
    with pytest.raises(InputError, match=r"objective=metric/frechet: a run does not measure that; .*metric/mine"):
        check("metric/frechet", *callbacks, metrics={"mine": Mine()})
    with pytest.raises(InputError, match="objective=metric/mine: a run does not measure that"):
        check("metric/mine", *callbacks, data=Ring(batch_size=8, seed=0), metrics={"mine": Mine()})


def test_metrics_of_classes_need_an_extractor_that_tells_them(tmp_path):
    data = Digits()
    data.image_size = 8
    card = ContrastiveCard("digits", 1, 8, 1, seed=0, flip=False, trained=2, tested=1, recognized=1.0, command="none")
    save_extractor(tmp_path / "own.safetensors", ContrastiveNetwork(1, 8), card)
    own = str(tmp_path / "own.safetensors")
    callbacks = Quality("checkpoints", METRICS, extractor=own), Summary(str(tmp_path))
    check("metric/kernel", *callbacks, data=data)
    for name in ("metric/score", "metric/modes"):
        check(name, Quality("checkpoints", METRICS), Summary(str(tmp_path)))
        with pytest.raises(InputError, match=rf"objective={name}: nothing measures that .*extractor=.*own"):
            check(name, *callbacks, data=data)
