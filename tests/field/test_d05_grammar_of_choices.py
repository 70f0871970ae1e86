"""Whatever Hydra takes as a choice of a group is taken; a sweep over nothing is refused."""

import pytest

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
