"""Fault 17: whatever is typed as a setting either builds or is refused in a sentence, before any data is read."""

import warnings
from collections import Counter
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from helpers import train
from hostile import BASES, GROUPS, check_sentence, hostile, outcome

COMMON = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.generate],
}


def held(overrides: list[str], counted: Counter) -> None:
    """Hold that `overrides` build or are refused in a sentence, and that nothing is written either way."""
    with TemporaryDirectory() as folder, chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sentence = outcome(overrides)
        assert list(Path(folder).iterdir()) == []
    counted["built" if sentence is None else "refused"] += 1
    if sentence is not None:
        check_sentence(sentence)


@pytest.mark.parametrize("base", BASES, ids=" ".join)
def test_what_odd_overrides_are_added_to_builds(base):
    assert outcome(base) is None


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 1, 2])
def test_anything_builds_or_is_refused_in_a_sentence(part):
    counted = Counter()

    @seed(part)
    @settings(max_examples=40, **COMMON)
    @given(hostile())
    def run(overrides):
        held(overrides, counted)

    run()
    assert counted["refused"] > 20
    assert sum(counted.values()) >= 36


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_thousands_of_overrides_build_or_are_refused(part, capsys):
    counted = Counter()

    @seed(1000 + part)
    @settings(max_examples=300, **COMMON)
    @given(hostile())
    def run(overrides):
        held(overrides, counted)

    run()
    with capsys.disabled():
        print(f"\npart {part}: {dict(counted)}")


REFUSED = {
    "loss=3": "loss=3: a group is chosen by the name of one of its files",
    "loss=null": "loss=null: a run needs this; choose one of hinge,",
    "callback=[null]": "callback=[null]: a group is chosen by the name of one of its files",
    "architecture=[[8]]": "architecture=[[8]]: a group is chosen by",
    "~architecture/encoder=1": "~architecture/encoder=1: a group is chosen by",
    "data=../data/mnist": "data=../data/mnist: a group is chosen by",
    "loss='${'": "loss='${': a group is chosen by",
    "hydra=null": "hydra=null: a group is chosen by",
    "hydra/launcher=[1]": "hydra/launcher=[1]: a group is chosen by",
    "seed=[1": "seed=[1: this is not setting=value; write a text with such characters in quotes",
    "\x0c\x85a": "\\x0c\\x85a: this is not setting=value",
    "++optimizer.betas.new=1": "betas.new=1: this setting is a list, whose entries have numbers",
    "a b=1": "a b=1: this is not setting=value",
    "=1": "=1: this is not setting=value",
    "penalty=[nowhere]": "penalty=nowhere: there is no such option; choose one of balanced_consistency,",
    "callback=???": "callback=???: a group is chosen by",
    "+loss=hinge": "+loss=hinge: there is one already: use loss=hinge to choose another",
    "optimizer.lr=1,2": "optimizer.lr=1,2: several values: add -m to sweep over them",
    "training.schedule.generator=[]": "training.schedule.generator=[]: this holds settings by name",
    "penalty.r1={a:1}": "penalty.r1.a: there is no such setting; known here: _target_, weight,",
    "data.batch_size.x=1": "data.batch_size.x: data.batch_size is a value, there are no settings below it",
    "archtecture.generator.latent_dim=1": "archtecture: there is no such setting; did you mean architecture?",
    "penalty.r1.weight=-1": "penalty.r1.weight=-1: should be greater than or equal to 0",
    "penalty.r1.schedule.final=0.5": "penalty.r1.schedule: final=0.5 is not read by shape=constant",
    "+loss._partial_=true": "loss._partial_: there is no such setting",
    "+callback.summary._args_=[1]": "callback.summary._args_: there is no such setting",
    "optimizer._partial_=3": "optimizer._partial_=3: optimizers are made later, with parameters: use true",
    "~optimizer._partial_": "optimizer._partial_ is missing",
    "callback.quality.cache=${data}": "callback.quality.cache._target_=saddle.data.mnist.Mnist: expected a plain value",
    "architecture.generator.widths=[1000000000]": "entry 1 should be less than or equal to 65536",
    "architecture.generator.widths=[65536,65536]": "training 38,914,818,208 weights needs",
    "data.image_size=100000": "data.image_size=100000: should be less than or equal to 4096",
    "seed=1" + "0" * 30: "should be less than or equal to 9223372036854775807",
    "trainer.devices=1000000000": "trainer.devices=1000000000: use 1 to 1024",
    "trainer.max_time='99999999999:00:00:00'": "trainer.max_time=99999999999:00:00:00: use DD:HH:MM:SS",
    "callback.samples.num=1000000000": "callback.samples.num=1000000000: should be less than or equal to 1000000",
}


@pytest.mark.parametrize(("override", "message"), REFUSED.items())
def test_what_was_found_odd_is_refused_by_name(override, message):
    sentence = outcome([override])
    assert sentence is not None
    assert message in sentence
    check_sentence(sentence)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=ring", "architecture=points", "data.size=1000000000000"], "data.size=1000000000000 needs 52,"),
        (["data=digits", "architecture=mlp", "data.image_size=4096"], "weights needs"),
        (["experiment=cyclegan", "game.pool_size=65536", "data.image_size=2048"], "game: pool_size=65536 needs"),
        (["experiment=cyclegan", "architecture.generator.blocks=1000000000"], "should be less than or equal to 100"),
    ],
)
def test_what_would_take_all_memory_is_refused(overrides, message):
    assert message in outcome(overrides)


def test_the_walk_reaches_every_group():
    assert set(GROUPS) >= {"data", "loss", "penalty", "architecture", "architecture/encoder", "trainer", "experiment"}


@pytest.mark.parametrize(
    "overrides",
    [
        ["data=digits", "optimizer.lrr=1"],
        ["loss=[[1]]"],
        ["=1", "seed=2"],
        ["callback.quality.cache=${data}"],
        ["architecture.generator.widths=[65536,65536]"],
    ],
)
def test_the_command_line_answers_with_2_in_a_line_and_leaves_nothing(overrides, tmp_path):
    result = train(*overrides, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    check_sentence(result.stderr.strip())
    assert [path for path in Path(tmp_path).rglob("*") if path.is_file()] == []
