import pytest

from saddle.config.options import options, target_of
from saddle.logger.curve import METRICS, place_of, place_of_picture


def declared():
    """Each metric of the groups `metric` and `game`, with the direction that is better."""
    found = {}
    for group, attribute in (("metric", "directions"), ("game", "measures")):
        for option in options(group):
            found |= getattr(target_of(group, option), attribute, {})
    return found


def test_every_metric_says_which_way_is_better():
    directions = declared()
    assert set(METRICS) == set(directions)
    for name, direction in directions.items():
        assert METRICS[name].startswith(f"**{direction.capitalize()} is better.**"), name


def test_pictures_and_metrics_stand_before_losses_and_gradient_norms_last():
    names = ["gradient_norm/generator", "images", "ada/p", "health/signal", "probability/D_x", "loss/generator"]
    tags = [place_of(name).tag for name in (*names, "metric/frechet")] + [place_of_picture("samples").tag]
    assert [tag.partition("/")[2] for tag in sorted(tags, reverse=True)] == [
        *("generator", "images", "ada/p", "signal", "D_x", "generator", "frechet", "samples")
    ]


@pytest.mark.parametrize(
    "name", ["metric/mine", "loss/generator/adversarial", "logit/real", "updates/generator", "cpu_seconds", "ada/r_t"]
)
def test_every_curve_has_a_description_and_a_place_of_its_own(name):
    place = place_of(name)
    assert place.description.endswith(".")
    assert place.tag.endswith(name.removeprefix("metric/").removeprefix("loss/"))
    assert " " not in place.tag
