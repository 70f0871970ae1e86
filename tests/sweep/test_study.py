from itertools import chain

import pytest

from helpers import train_afresh
from saddle.config.command_line import CommandLine
from saddle.config.compose import compose
from saddle.config.options import options
from saddle.error import InputError
from saddle.factory.parts import build_parts
from saddle.sweep.comparison import compared
from saddle.sweep.jobs import split
from saddle.sweep.study import with_jobs_of_study


def jobs(*arguments: str) -> list[list[str]]:
    """The jobs of a command line with a study."""
    return split(with_jobs_of_study(CommandLine.parse(["-m", *arguments])).overrides)


def test_a_study_is_an_ordinary_sweep_over_its_values():
    made = jobs("study=batch_size")
    assert made[0] == ["study=batch_size", "data.batch_size=16", "seed=1"]
    assert made[-1] == ["study=batch_size", "data.batch_size=256", "seed=5"]
    assert len(made) == 25
    assert len({job[1] for job in jobs("study=objectives")}) >= 12
    command = CommandLine.parse(["-m", "loss=hinge,minimax"])
    assert with_jobs_of_study(command) == command


def test_what_the_command_line_names_is_taken_from_there():
    assert jobs("study=objectives", "method=hinge", "seed=7,8", "data=digits") == [
        ["study=objectives", "method=hinge", "seed=7", "data=digits"],
        ["study=objectives", "method=hinge", "seed=8", "data=digits"],
    ]


@pytest.mark.parametrize("arguments", [["study=objectives"], ["-m", "study=nowhere"], ["-m", "study=a,b"]])
def test_what_is_no_study_is_refused(arguments):
    with pytest.raises(InputError, match=r"^study="):
        with_jobs_of_study(CommandLine.parse(arguments))


def test_a_study_that_compares_nothing_is_refused(tmp_path, monkeypatch):
    (tmp_path / "study").mkdir()
    monkeypatch.setattr("saddle.sweep.study.config_folders", lambda: [tmp_path])
    monkeypatch.setattr("saddle.sweep.study.options", lambda group: ["mine"])
    for content in ("", "study: {over: {}}\n", "study: {over: {seed: []}}\n", "study: {over: {seed: 3}}\n"):
        (tmp_path / "study" / "mine.yaml").write_text(content)
        with pytest.raises(InputError, match=r"^study=mine: "):
            with_jobs_of_study(CommandLine.parse(["-m", "study=mine"]))


def test_a_method_has_its_paper_s_parts_and_a_study_s_own_settings():
    config = compose(["study=objectives", "method=wasserstein_gradient_penalty"])
    assert (config.loss.option, list(config.penalty), config.game.settings["n_critic"]) == (
        "wasserstein",
        ["gradient_penalty"],
        5,
    )
    assert (config.training["cpu_seconds"], config.last_iteration) == (300, -1)
    config = compose(["study=ring", "method=wasserstein_gradient_penalty"])
    assert (config.penalty["gradient_penalty"].settings["weight"], config.game.settings["n_critic"]) == (0.1, 1)
    weights = compose(["study=penalty_weight", "penalty.r1.weight=30"]).penalty
    assert weights["r1"].settings["weight"] == weights["r2"].settings["weight"] == 30


def test_settings_of_a_method_in_a_study_belong_to_both():
    pairs = [f"{study}_{method}" for study in options("study") for method in options("method")]
    assert set(options("study/method")) <= set(pairs)


@pytest.mark.slow
@pytest.mark.parametrize("study", options("study"))
def test_every_job_of_a_study_is_accepted(study):
    jobs_of_one_seed = [[text for text in job if not text.startswith("seed=")] for job in jobs(f"study={study}")]
    for job in {tuple(job): job for job in jobs_of_one_seed}.values():
        build_parts(compose(job))
    assert list(chain(*jobs_of_one_seed))


@pytest.mark.slow
def test_a_study_is_trained_side_by_side_and_goes_on(tmp_path):
    short = ["training.cpu_seconds=0.3", "callback.samples.points=50", "logger=none"]
    choices = ["study=ring", "method=minimax,relativistic_r1_r2", "seed=1", "sweep=parallel"]
    result = train_afresh("-m", *choices, *short, f"hydra.sweep.dir={tmp_path / 's'}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    [table] = compared([tmp_path / "s"]).tables
    assert {row.name for row in table.rows} == {("minimax",), ("relativistic_r1_r2",)}
    assert all(0.3 <= row.cost("cpu_seconds") < 1 for row in table.rows)
    run = tmp_path / "s" / "0_method=minimax"
    before = (tmp_path / "s" / "1_method=relativistic_r1_r2" / "summary.json").stat().st_mtime_ns
    (run / "summary.json").unlink()
    result = train_afresh(f"resume={tmp_path / 's'}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (run / "summary.json").is_file()
    assert (tmp_path / "s" / "1_method=relativistic_r1_r2" / "summary.json").stat().st_mtime_ns == before
