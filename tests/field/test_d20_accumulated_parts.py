"""Parts that depend on a whole batch and see accumulated parts of it are named before training."""

import re

import pytest

from helpers import SMALL, train
from saddle.config.compose import compose
from saddle.factory.parts import build_parts

SEEING = {
    "loss=relativistic_average penalty=none": "loss=relativistic_average",
    "loss=hinge penalty=feature_matching": "penalty=feature_matching",
    "loss=hinge penalty=[r1,mean_matching]": "penalty=mean_matching",
    "loss=hinge penalty=none architecture.generator.normalization=batch": r"architecture\.generator \(batch norm\)",
    "loss=hinge penalty=none architecture.discriminator.normalization=batch": r"architecture\.discriminator \(batch",
    "loss=hinge penalty=none architecture.discriminator.minibatch_stddev=4": r"discriminator \(minibatch_stddev\)",
}
ONE_PART = ["data=digits", "data.batch_size=32"]


def warnings(*overrides: str) -> list[str]:
    return [sentence for sentence in build_parts(compose([*overrides])).warnings if "accumulate" in sentence]


@pytest.mark.parametrize(("overrides", "named"), SEEING.items())
def test_what_depends_on_the_batch_is_named(overrides, named):
    assert warnings(*ONE_PART, *overrides.split()) == []
    (sentence,) = warnings(*ONE_PART, *overrides.split(), "training.accumulate=3")
    assert re.match(rf"training\.accumulate=3: .*{named}", sentence)
    assert "computed over each part of 32 rows, not over the 96 of an update" in sentence
    assert sentence.endswith("use training.accumulate=1 data.batch_size=96")


@pytest.mark.parametrize(
    "overrides",
    [
        "loss=hinge penalty=none",
        "loss=relativistic penalty=[r1,r2]",
        "loss=non_saturating penalty=[r1,lecam]",
        "loss=hinge penalty=feature_matching penalty.feature_matching.weight=0",
        "experiment=vae data=digits",
    ],
)
def test_what_does_not_is_not(overrides):
    assert warnings(*ONE_PART, *overrides.split(), "training.accumulate=3") == []


def test_all_of_them_are_one_sentence_on_stderr(tmp_path):
    choices = ["loss=relativistic_average", "penalty=[r1,feature_matching]", "training.accumulate=2"]
    result = train(*SMALL, *choices, "trainer.max_steps=2", f"folder={tmp_path / 'run'}", "logger=none")
    assert result.returncode == 0, result.stderr
    sentences = [line for line in result.stderr.splitlines() if "accumulate" in line]
    assert len(sentences) == 1
    assert sentences[0].startswith("warning: training.accumulate=2: computed over each part of 100 rows")
    assert "update: loss=relativistic_average, penalty=feature_matching; if" in sentences[0]
