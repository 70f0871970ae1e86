"""Whatever Hydra takes as a choice of a group is taken; a sweep over nothing is refused."""

import pytest

from saddle.config.compose import compose
from saddle.config.group_choice import check_choices
from saddle.error import InputError
from saddle.sweep.jobs import split


@pytest.mark.parametrize(
    ("text", "jobs"),
    [
        ("penalty=[r1],[r1,r2]", ["penalty=[r1]", "penalty=[r1,r2]"]),
        ("penalty=none,[r1,r2]", ["penalty=none", "penalty=[r1,r2]"]),
        ("penalty=choice([r1],[r2])", ["penalty=[r1]", "penalty=[r2]"]),
        ("penalty=sort([r2],[r1])", None),
        ("loss=glob(h*)", ["loss=hinge"]),
        ("loss=glob([h*,m*],exclude=hinge)", ["loss=minimax"]),
        ("loss=tag(a,choice(hinge,minimax))", ["loss=hinge", "loss=minimax"]),
        ("loss='hinge',minimax", ["loss='hinge'", "loss=minimax"]),
        ("loss=sort(minimax,hinge)", ["loss=hinge", "loss=minimax"]),
        ("seed=range(1,3)", ["seed=1", "seed=2"]),
    ],
)
def test_sweeps(text, jobs):
    check_choices([text])
    if jobs is not None:
        assert [job for [job] in split([text])] == jobs


def test_a_shuffled_sweep():
    check_choices(["penalty=shuffle([r1],[r1,r2])"])


@pytest.mark.parametrize(
    "text",
    [
        "penalty=[],[r1]",
        "penalty=null,r1",
        "loss=range(1,3)",
        "loss=1,2",
        "loss=../x,hinge",
        "loss=interval(0,1)",
        "loss=glob(nothing*)",
        "seed=glob(*)",
        "seed=interval(0,1)",
        "seed=range(3,1)",
    ],
)
def test_refused(text):
    with pytest.raises(InputError) as refused:
        check_choices([text])
    assert str(refused.value).startswith(f"{text}: ")


@pytest.mark.parametrize("text", ["loss=[hinge,wasserstein]", "data=[digits,mnist]", "optimizer=[adam,sgd]"])
def test_a_list_of_parts_of_which_a_run_has_one(text):
    with pytest.raises(InputError, match="a run has one of these: choose one"):
        check_choices([text])
    check_choices([text.partition(",")[0] + "]", "penalty=[r1,r2]"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("++loss=hinge", "++loss=hinge: an option of a group is chosen without plus signs, as loss=hinge"),
        ("+penalty.r1.weight=3", "+penalty.r1.weight=3: there is one already: leave the plus sign out"),
        ("~penalty.r1=1", "~penalty.r1: it has another value than this"),
        ("loss==hinge", "loss==hinge: this is not setting=value: one = is enough, as loss=hinge"),
        ("optimizer.betas=(0.5,0.9)", "in brackets, for the shell as 'optimizer.betas=[0.5,0.9]'"),
        ("optimizer.lr=1e-4,", "take the comma at its end away"),
        ("optimizer..lr=3", "optimizer..lr=3: this is not setting=value"),
        ("=", "=: this is not setting=value"),
    ],
)
def test_slips_of_the_grammar(text, sentence):
    with pytest.raises(InputError) as refused:
        compose(["data=digits", text])
    assert sentence in str(refused.value)
    assert "Hydra" not in str(refused.value)


def test_what_another_choice_took_away_is_not_called_null():
    with pytest.raises(InputError, match=r"^~penalty.r2: there is no such setting as things are chosen$"):
        compose(["data=digits", "penalty=[r1]", "~penalty.r2"])
