"""saddle from a wheel, in an empty folder without a checkout, and a package of somebody else's parts beside it."""

import json
import os

import pytest
import yaml

from helpers import REPOSITORY, checkpoint, differences
from installed import EXAMPLE, Installed

SMALL = ["data=digits", "architecture=mlp", "data.batch_size=8", "logger=none", "callback.quality.num=50"]
OWN = ["experiment=shapes", "data.batch_size=8", "data.number=300", "logger=none"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """An environment with saddle alone."""
    return Installed(tmp_path_factory.mktemp("alone"), REPOSITORY)


@pytest.fixture(scope="module")
def with_parts(tmp_path_factory):
    """An environment with saddle and the package of examples/own_parts."""
    return Installed(tmp_path_factory.mktemp("parts"), REPOSITORY, EXAMPLE)


def iterations(run) -> int:
    return json.loads((run / "summary.json").read_text(encoding="utf-8"))["iterations"]


def distance(first, second) -> float:
    """The largest difference between the generators' weights of two runs."""
    states = [checkpoint(run)["state_dict"] for run in (first, second)]
    names = [name for name in states[0] if name.startswith("generator.")]
    return max(float((states[0][name].double() - states[1][name].double()).abs().max()) for name in names)


@pytest.mark.slow
def test_a_wheel_trains_resumes_keeps_and_sweeps_in_an_empty_folder(alone, tmp_path):
    said = alone.run("train", *SMALL, "trainer.max_steps=3", "hydra.run.dir=run", cwd=tmp_path)
    assert "saddle sample run" in said
    alone.run("train", "resume=run", "trainer.max_steps=5", cwd=tmp_path)
    assert iterations(tmp_path / "run") == 5
    alone.run("train", "keep=kept", *SMALL, "trainer.max_steps=3", cwd=tmp_path)
    assert iterations(tmp_path / "kept") == 3
    table = alone.run("train", "-m", *SMALL, "trainer.max_steps=2", "seed=1,2", "hydra.sweep.dir=sweep", cwd=tmp_path)
    assert "2 of 2 jobs finished" in table
    alone.run("sample", "run", "--num", "4", "--out", "grid.png", cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grid.png", "kept", "outputs", "run", "sweep"]


@pytest.mark.slow
def test_two_processes_from_a_wheel_give_the_result_of_one(alone, tmp_path):
    steps = ["trainer.max_steps=3", "trainer.precision=64-true"]
    alone.run("train", *SMALL, *steps, "hydra.run.dir=one", cwd=tmp_path)
    alone.run("train", *SMALL, *steps, "trainer=ddp_cpu", "hydra.run.dir=two", cwd=tmp_path)
    assert 0 < distance(tmp_path / "one", tmp_path / "two") < 1e-11  # sums are rounded differently


@pytest.mark.slow
def test_parts_of_an_installed_package_need_no_naming(with_parts, tmp_path):
    run, sweep = tmp_path / "run", tmp_path / "sweep"
    assert "exponential" in with_parts.run("train", "--help", cwd=tmp_path)
    with_parts.run("train", *OWN, "trainer.max_steps=4", "hydra.run.dir=run", cwd=tmp_path)
    with_parts.run("train", "resume=run", "trainer.max_steps=8", cwd=tmp_path)
    with_parts.run("train", *OWN, "trainer.max_steps=8", "hydra.run.dir=straight", cwd=tmp_path)
    resumed, straight = checkpoint(run), checkpoint(tmp_path / "straight")
    assert differences(resumed["state_dict"], straight["state_dict"]) == []
    settings = yaml.safe_load((run / ".hydra" / "config.yaml").read_text(encoding="utf-8"))
    assert settings["loss"]["_target_"] == "own_parts.loss.Exponential"
    table = with_parts.run(
        "train", "-m", *OWN, "trainer.max_steps=2", "loss.scale=1.0,2.0", f"hydra.sweep.dir={sweep}", cwd=tmp_path
    )
    assert "2 of 2 jobs finished" in table
    with_parts.run("train", *OWN, "trainer.max_steps=2", "trainer=ddp_cpu", "hydra.run.dir=ranks", cwd=tmp_path)
    with_parts.run("sample", "run", "--num", "4", "--out", "grid.png", cwd=tmp_path)
    with_parts.run("interpolate", "run", "--rows", "2", "--out", "ways.png", cwd=tmp_path)


@pytest.mark.slow
def test_their_metric_is_measured_in_training_by_the_tool_and_in_tables(with_parts, tmp_path):
    chosen = ["metric=[default,sliced_wasserstein]", "objective=metric/sliced_wasserstein", "architecture=upsampling"]
    jobs = ["-m", *SMALL, *chosen, "trainer.max_steps=2", "seed=1,2", "hydra.sweep.dir=sweep"]
    table = with_parts.run("train", *jobs, cwd=tmp_path)
    assert "metric/sliced_wasserstein, smaller is better" in table
    said = with_parts.run("evaluate", "sweep/0_seed=1", "--num", "50", cwd=tmp_path)
    assert "sliced_wasserstein" in said


@pytest.mark.slow
def test_their_settings_are_checked_like_saddles_own(with_parts, tmp_path):
    for override, sentence in (
        ("loss.scale=0", "loss.scale=0: should be greater than 0"),
        ("loss.scales=1", "did you mean loss.scale?"),
        ("penalty.drift.weight=x", "penalty.drift.weight=x: should be a valid number"),
        ("loss=exponentiel", "did you mean loss=exponential?"),
    ):
        code, said = with_parts.outcome("train", *OWN, override, cwd=tmp_path)
        assert (code, sentence in said) == (2, True), said


@pytest.mark.slow
def test_they_play_in_one_compiled_graph(with_parts, tmp_path):
    for training in ("default", "fast"):
        steps = ["trainer.max_steps=20", f"training={training}", f"hydra.run.dir={training}"]
        with_parts.run("train", *OWN, *steps, cwd=tmp_path)
    assert 0 < distance(tmp_path / "default", tmp_path / "fast") < 1e-3


@pytest.mark.slow
def test_a_run_without_its_package_says_which_and_how_to_name_it(with_parts, alone, tmp_path):
    with_parts.run("train", *OWN, "trainer.max_steps=2", "hydra.run.dir=run", cwd=tmp_path)
    remedy = "if you trust the package own_parts, set the environment variable SADDLE_PLUGINS=own_parts"
    for command in (["train", "resume=run", "trainer.max_steps=4"], ["sample", "run", "--out", "grid.png"]):
        code, said = alone.outcome(*command, cwd=tmp_path)
        assert (code, remedy in said) == (2, True), said
        code, said = alone.outcome(*command, cwd=tmp_path, SADDLE_PLUGINS="own_parts")
        assert (code, "the plugin own_parts cannot be imported" in said) == (2, True), said
    assert alone.outcome(*command, cwd=tmp_path, SADDLE_PLUGINS="own_parts", PYTHONPATH=os.fspath(EXAMPLE))[0] == 0
