"""What depends on labels by default; whether networks take labels is tested with the other combinations."""

import pytest

from saddle.config.compose import compose
from saddle.error import InputError


def rates(overrides):
    config = compose(overrides)
    return config.optimizer_of("generator")["lr"], config.optimizer_of("discriminator")["lr"]


@pytest.mark.parametrize("experiment", ["default", "half_hour"])
def test_the_generator_learns_twice_as_fast_where_there_are_no_labels(experiment):
    chosen = f"experiment={experiment}"
    assert rates([chosen]) == (2e-3, 2e-3)
    assert rates([chosen, "architecture.conditional=true"]) == (2e-3, 2e-3)
    assert rates([chosen, "architecture.conditional=false"]) == (4e-3, 2e-3)
    assert rates([chosen, "architecture.discriminator.packing=2"]) == (4e-3, 2e-3)
    assert rates([chosen, "architecture.conditional=false", "optimizer.lr=1e-3"]) == (2e-3, 1e-3)


def test_a_rate_that_is_given_stands():
    assert rates(["architecture.conditional=false", "optimizer.generator.lr=1e-3"]) == (1e-3, 2e-3)


@pytest.mark.parametrize(
    "other",
    [["experiment=none"], ["game=bigan"], ["architecture=mlp"], ["data=digits"], ["data=stacked_mnist"]],
)
def test_other_recipes_have_one_rate(other):
    assert rates([*other, "architecture.conditional=false"]) == (2e-3, 2e-3)


@pytest.mark.parametrize(
    ("mistake", "setting"),
    [
        ("architecture.conditional=maybe", "architecture.conditional"),
        ("architecture.generator=7", "architecture.generator"),
        ("data._target_=os.system", "data._target_"),
        ("optimizer.lr=fast", "optimizer.lr"),
    ],
)
def test_a_mistake_in_what_the_rate_depends_on_is_named_itself(mistake, setting):
    with pytest.raises(InputError, match=rf"^{setting}\b"):
        rates([mistake])
