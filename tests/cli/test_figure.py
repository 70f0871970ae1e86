import json
import math
from contextlib import nullcontext

import lightning
import pytest

from helpers import small_module
from saddle.callback.game_figures import GameFigures
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import Quality
from saddle.callback.summary import Summary
from saddle.cli.build import Built
from saddle.cli.figure import check_figure
from saddle.cli.sweep import figure_of
from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll
from saddle.error import InputError
from saddle.game.adversarial import Adversarial
from saddle.loss.non_saturating import NonSaturating


def built(*callbacks, data=None, **flags) -> Built:
    trainer = lightning.Trainer(accelerator="cpu", logger=False, callbacks=list(callbacks), **flags)
    return Built(small_module(Adversarial(NonSaturating())), data, trainer)


def test_figures_that_no_run_measures_are_refused_before_training(tmp_path):
    whole = built(Quality("checkpoints"), Summary(str(tmp_path)))
    for name in (
        None,
        "metric/frechet",
        "metric/kernel",
        "loss/generator",
        "loss/discriminator/r1",
        "gradient_norm/generator",
    ):
        check_figure(name, whole)
    for name in ("frechet", "metric/frech", "loss/critic", "loss/critic/r1", "gradient_norm/encoder", "seconds", ""):
        with pytest.raises(InputError, match=f"figure={name}: a run does not measure that; choose one of metric/fre"):
            check_figure(name, whole)


def test_a_game_is_compared_by_its_own_figures_too(tmp_path):
    class Measuring(Adversarial):
        measures = ("elbo",)

    module = small_module(Measuring(NonSaturating()))
    for callbacks, refused in (((GameFigures("samples"),), False), ((), True)):
        trainer = lightning.Trainer(accelerator="cpu", logger=False, callbacks=[Summary(str(tmp_path)), *callbacks])
        with pytest.raises(InputError, match=r"callback\.game: keep that") if refused else nullcontext():
            check_figure("metric/elbo", Built(module, None, trainer))
    with pytest.raises(InputError, match="figure=metric/elbo: a run does not measure that"):
        check_figure("metric/elbo", built(Quality("checkpoints"), Summary(str(tmp_path))))


def test_what_measures_the_figure_must_be_there(tmp_path):
    with pytest.raises(InputError, match=r"figure=metric/frechet is measured by callback\.quality: keep that"):
        check_figure("metric/frechet", built(Summary(str(tmp_path))))
    with pytest.raises(InputError, match=r"figure=loss/generator is measured by callback\.summary: keep that"):
        check_figure("loss/generator", built(Quality("checkpoints")))
    check_figure("metric/frechet", built(fast_dev_run=True))
    check_figure(None, built())


def test_the_figure_is_read_from_the_summary(tmp_path, capsys):
    assert figure_of("a", tmp_path) is None
    (tmp_path / "summary.json").write_text(json.dumps({"metrics": {"a": 2, "b": None}}))
    assert figure_of("a", tmp_path) == 2.0
    assert figure_of("b", tmp_path) == math.inf
    assert figure_of(None, tmp_path) is None
    assert capsys.readouterr().err == ""
    assert figure_of("c", tmp_path) is None
    assert "figure=c: not measured" in capsys.readouterr().err


def test_points_have_figures_of_their_own(tmp_path):
    summary, points, ring = Summary(str(tmp_path)), PointQuality(), Ring(batch_size=8, seed=0)
    for name in ("modes", "high_quality", "modes_kl", "modes_js", "frechet"):
        check_figure(f"metric/{name}", built(summary, points, data=ring))
    roll = built(summary, points, data=SwissRoll(batch_size=8, seed=0))
    check_figure("metric/coverage", roll)
    with pytest.raises(InputError, match=r"figure=metric/modes: a run does not measure that.*metric/curve_distance"):
        check_figure("metric/modes", roll)
    with pytest.raises(InputError, match=r"figure=metric/modes is measured by callback\.points: keep that"):
        check_figure("metric/modes", built(summary, data=ring))
    with pytest.raises(InputError, match="figure=metric/modes: a run does not measure that"):
        check_figure("metric/modes", built(summary, points, Quality("checkpoints")))
