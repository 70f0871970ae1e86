import pytest

from helpers import train_afresh
from saddle.config.compose import compose
from saddle.error import InputError


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
@pytest.mark.parametrize("data", ["ring", "grid", "swiss_roll"])
def test_points_and_networks_for_images_are_refused_with_the_mend(data, architecture):
    reason = f"data={data} delivers points, and architecture={architecture} is made for images: use architecture=points"
    with pytest.raises(InputError) as caught:
        compose([f"data={data}", f"architecture={architecture}"])
    assert str(caught.value) == reason
    compose([f"data={data}", "architecture=points"])


def test_images_and_networks_for_points_are_refused_with_the_mend():
    with pytest.raises(
        InputError, match="data=digits delivers images, and architecture=points is made for points: use"
    ):
        compose(["data=digits", "architecture=points"])


def test_points_and_a_game_for_images_are_refused_with_the_mend():
    with pytest.raises(InputError, match="^data=ring delivers points, and game=cyclegan plays with images: use data="):
        compose(["data=ring", "game=cyclegan", "architecture=points"])


def test_the_command_line_says_it_in_one_sentence(tmp_path):
    result = train_afresh("data=ring", f"hydra.run.dir={tmp_path / 'run'}")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "use architecture=points" in result.stderr
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_an_experiment_sets_what_its_problem_is_compared_by():
    assert compose(["experiment=ring"])["objective"] == "metric/modes"
    assert compose(["experiment=swiss_roll"])["objective"] == "metric/coverage"
    assert compose(["experiment=ring", "objective=null", "seed=3"])["objective"] is None
    assert compose(["experiment=ring", "penalty=none", "loss=hinge"])["penalty"] == {}
    assert compose(["data=digits"])["objective"] == "metric/frechet"
