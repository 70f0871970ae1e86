"""One sentence per cause, and nothing that looks like an error after success."""

import pytest

from helpers import SMALL, train

RUN = [*SMALL, "trainer.max_steps=1"]


@pytest.mark.parametrize(
    ("override", "cause"),
    [
        ("callback.quality.extractor=none", "callback.quality.extractor=none"),
        ("data.image_size=8", None),
        ("~callback.quality", "callback.quality, which measures images, is not used"),
    ],
)
def test_why_nothing_was_measured(tmp_path, override, cause):
    objective = ["objective=null"] if override.startswith("~") else []
    result = train(*RUN, override, *objective, "hydra.run.dir=run", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "not measured" not in result.stderr
    assert "comes with saddle" not in result.stdout
    if cause is not None:
        assert f"metric  none: {cause}\n" in result.stdout


def test_a_sweep_says_that_its_objective_is_not_measured(tmp_path):
    sweep = ["-m", "seed=1,2", "callback.quality.extractor=none", "hydra.sweep.dir=sweep"]
    result = train(*RUN, *sweep, cwd=tmp_path)
    assert result.stderr.count("objective=metric/frechet: not measured; ") == 2


def test_an_objective_that_nothing_can_measure_is_refused(tmp_path):
    result = train(*RUN, "objective=metric/kernel", "callback.quality.extractor=none", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(
        "objective=metric/kernel: nothing measures that with callback.quality.extractor=none"
    )
