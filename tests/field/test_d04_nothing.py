"""Ways of saying "nothing" work as none, or are met by the form that does."""

import pytest

from saddle.config.compose import compose
from saddle.error import InputError

EMPTY = ("=[]", "=null", "=None", "={}", "=false", "=off", "=''", "=none")


@pytest.mark.parametrize("group", ["penalty", "augmentation", "logger"])
def test_nothing_of_an_optional_group(group):
    for text in (f"~{group}", *(group + value for value in EMPTY)):
        assert getattr(compose(["data=digits", text]), group) == {}, text


@pytest.mark.parametrize("text", ["experiment=none", "experiment=[]", "~experiment", "sweep=null", "~sweep"])
def test_nothing_where_nothing_is_the_default(text):
    assert list(compose([text]).penalty) == ["r1", "r2"]


@pytest.mark.parametrize("text", ["resume=none", "resume=[]", "~resume", "resume=false", "resume="])
def test_nothing_to_resume(text):
    assert compose([text]).resume is None


@pytest.mark.parametrize("text", ["init=none", "init=[]", "~init", "init=false", "init=null"])
def test_nothing_to_begin_with(text):
    assert compose([text]).init is None


@pytest.mark.parametrize("text", ["objective=none", "objective=None", "~objective", "objective=[]"])
def test_no_objective(text):
    assert compose([text]).objective is None


@pytest.mark.parametrize("group", ["loss", "data", "game", "architecture", "optimizer", "trainer", "training"])
def test_what_a_run_needs(group):
    for text in (f"~{group}", *(group + value for value in EMPTY)):
        with pytest.raises(InputError) as refused:
            compose([text])
        assert str(refused.value).startswith(f"{text}: a run needs this; choose one of "), text


@pytest.mark.parametrize("group", ["callback", "metric"])
def test_groups_whose_parts_can_be_left_out(group):
    for text in (f"~{group}", *(group + value for value in EMPTY)):
        with pytest.raises(InputError, match=rf"leave single parts out by ~{group}\.NAME"):
            compose([text])


def test_parts_are_left_out_by_either_form():
    assert list(compose(["~penalty.r1"]).penalty) == list(compose(["~penalty=r1"]).penalty) == ["r2"]
    assert compose(["~penalty=[r1,r2]"]).penalty == {}
    with pytest.raises(InputError, match=r"~penalty\.r3: there is no such setting to leave out; there are r1, r2"):
        compose(["~penalty.r3"])
    for text in ("callback.quality=none", "penalty.r1=null"):
        with pytest.raises(InputError, match=f"leave it out by ~{text.partition('=')[0]}"):
            compose([text])


@pytest.mark.parametrize("value", ["none", "None", "null", "false", "off", "''"])
def test_nothing_for_settings_that_have_a_word_for_it(value):
    config = compose(["data=digits", f"training.ema={value}", f"trainer.profiler={value}"])
    assert config.training["ema"] is None
    assert config.trainer["profiler"] is None
    if value != "''":
        quality = compose([f"callback.quality.{name}={value}" for name in ("cache", "extractor")]).callback["quality"]
        assert (quality["cache"], quality["extractor"]) == (None, "none")


@pytest.mark.parametrize(
    "setting", ["training.images", "data.limit", "checkpoints.keep", "training.clip_norm.generator"]
)
def test_a_number_that_may_be_null_says_so(setting):
    with pytest.raises(InputError, match=f"^{setting}=None: should be a valid .* or null"):
        compose(["data=digits", f"{setting}=None"])


@pytest.mark.parametrize("setting", ["data.limit", "training.clip_norm.generator"])
def test_what_is_null_already_cannot_be_left_out(setting):
    with pytest.raises(InputError, match=f"^~{setting}: this is null already"):
        compose(["data=digits", f"~{setting}"])
