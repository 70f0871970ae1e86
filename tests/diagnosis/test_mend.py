"""The command that mends a cause, from the settings and the overrides of a run."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from saddle.config.compose import compose
from saddle.diagnosis.mend import command_of, settings_of
from saddle.diagnosis.table import read_table
from saddle.factory.parts import build_parts

CAUSES = {cause.name: cause for cause in read_table()}


def run_with(tmp_path: Path, *overrides: str) -> SimpleNamespace:
    """What the command of a mend reads of a run with these overrides."""
    (tmp_path / ".hydra").mkdir()
    lines = "".join(f"- {text}\n" for text in overrides)
    (tmp_path / ".hydra" / "overrides.yaml").write_text(lines, encoding="utf-8")
    parts = build_parts(compose([*overrides, f"folder={tmp_path}"]))
    record = parts.record
    points = "point_seed" in record["data"]
    return SimpleNamespace(folder=tmp_path, record=record, iteration=100, makes_points=points, data=parts.data)


@pytest.mark.parametrize("cause", CAUSES.values(), ids=list(CAUSES))
def test_every_mend_of_the_table_composes(cause, tmp_path):
    data = ["data=digits", "architecture=mlp"] if cause.name != "data_range" else ["data=ring", "architecture=points"]
    run = run_with(tmp_path, *data)
    settings = settings_of(cause, run)
    assert cause.is_well or settings
    compose([*data, *settings, f"folder={tmp_path}"])


def test_a_mend_replaces_what_the_run_chose_and_the_settings_below_it(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp", "penalty=r1", "penalty.r1.weight=1000", "seed=3")
    words = command_of(CAUSES["penalty_too_heavy"], run).split()
    assert words[-4:] == ["data=digits", "architecture=mlp", "seed=3", "penalty=default"]


def test_rates_are_calmed_each_by_itself(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp", "optimizer.discriminator.lr=0.2", "optimizer.lr=0.0005")
    assert settings_of(CAUSES["rates_too_high"], run) == [
        "optimizer.discriminator.lr=0.001",
        "optimizer.generator.lr=0.0005",
    ]


def test_a_setting_that_the_run_does_not_have_is_left_out(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp", "optimizer=sgd")
    assert settings_of(CAUSES["momentum_too_high"], run) == []
    assert command_of(CAUSES["momentum_too_high"], run) is None
    assert settings_of(CAUSES["data_range"], run) == []


def test_a_run_that_is_too_short_goes_on_in_its_folder(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp")
    assert command_of(CAUSES["budget_too_short"], run).endswith(f"resume={tmp_path} trainer.max_steps=1000")


def test_a_checkpoint_alone_gives_the_settings_alone(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp")
    run.folder = None
    assert command_of(CAUSES["wrong_labels"], run).split()[-1] == "architecture.conditional=false"
