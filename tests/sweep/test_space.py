import pytest

pytest.importorskip("optuna")
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from saddle.error import InputError
from saddle.sweep.space import overrides_of, space_of


def test_each_way_of_giving_several_values_is_a_distribution():
    space = space_of(
        [
            "data=digits",
            "optimizer.lr=tag(log,interval(1e-4,1e-2))",
            "+training.x=interval(0,1)",
            "game.n_critic=int(interval(1,5))",
            "training.accumulate=range(1,6,2)",
            "loss.label_smoothing=range(0.0,0.5,0.25)",
            "loss=hinge,minimax,hinge",
            "penalty=[r1,r2],none",
            "architecture=glob(dc*)",
        ]
    )
    assert space == {
        "optimizer.lr": FloatDistribution(1e-4, 1e-2, log=True),
        "+training.x": FloatDistribution(0.0, 1.0),
        "game.n_critic": IntDistribution(1, 5),
        "training.accumulate": IntDistribution(1, 5, step=2),
        "loss.label_smoothing": FloatDistribution(0.0, 0.25, step=0.25),
        "loss": CategoricalDistribution(["hinge", "minimax"]),
        "penalty": CategoricalDistribution(["[r1,r2]", "none"]),
        "architecture": CategoricalDistribution(["dcgan"]),
    }
    assert overrides_of({"optimizer.lr": 0.1 + 0.2, "penalty": "[r1,r2]"}) == [
        "optimizer.lr=0.30000000000000004",
        "penalty=[r1,r2]",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "optimizer.lr=interval(1,1)",
        "optimizer.lr=tag(log,interval(0,1))",
        "optimizer.lr=tag(loud,interval(1,2))",
        "optimizer.lr=interval(1,inf)",
        "loss=tag(log,choice(hinge,minimax))",
    ],
)
def test_a_space_that_cannot_be_is_refused_by_its_override(text):
    with pytest.raises(InputError) as refusal:
        space_of([text])
    assert str(refusal.value).startswith(f"{text}: this cannot be searched (")
