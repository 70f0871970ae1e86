import json
from types import SimpleNamespace

from helpers import Points, fit, small_module
from saddle.callback.closing import closing_of_job
from saddle.callback.curves import Curves
from saddle.callback.summary import Summary
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating


def test_summary_has_the_promised_keys_and_seconds_add_up(tmp_path, capsys):
    summary = Summary(str(tmp_path))
    summary.load_state_dict({"seconds": 100.0})
    fit(
        small_module(Adversarial(AdversarialObjective(NonSaturating()))),
        Points(),
        9,
        [Curves(str(tmp_path / "metrics.csv")), summary],
    )
    written = json.loads((tmp_path / "summary.json").read_text())
    promised = {"iterations", "images", "seconds", "cpu_seconds", "metrics", "seed", "versions", "data"}
    assert promised <= written.keys()
    assert written["finished"] is True
    assert (written["iterations"], written["images"]) == (9, 72)
    assert 100 < written["seconds"] < 160
    names = [str(number) for number in range(10)]
    assert written["data"] == {"name": "Points", "images": 60, "skipped": 0, "image_size": 2, "classes": names}
    assert "loss/generator" in written["metrics"]
    printed = capsys.readouterr().out
    assert f"  curves  {tmp_path / 'metrics.csv'}\n" in printed
    assert f"{written['metrics']['loss/generator']:.4f}" in printed
    assert "Do not judge a GAN by its losses" in " ".join(printed.split())


def test_a_job_of_a_sweep_ends_with_a_few_lines(tmp_path, capsys):
    values = {
        "iterations": 1500,
        "images": 12000,
        "seconds": 61.2,
        "metrics": {"loss/generator": 2.5, "metric/frechet": 3.25},
    }
    print(closing_of_job(SimpleNamespace(callbacks=[]), tmp_path, values))
    assert capsys.readouterr().out == (
        f"  1,500 iterations, 12,000 images, 61 seconds, metric/frechet 3.2500\n  run     {tmp_path}\n"
    )
    summary = Summary(str(tmp_path))
    summary.is_of_job = True
    fit(small_module(Adversarial(AdversarialObjective(NonSaturating()))), Points(), 2, [summary])
    assert len(capsys.readouterr().out.splitlines()) == 2
