"""The command that mends a cause, from the settings and the overrides of a run."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from saddle.config.compose import compose
from saddle.diagnosis.mend import _VALUES, command_of, settings_of
from saddle.diagnosis.table import read_table
from saddle.factory.parts import build_parts
from saddle.penalty.r1 import R1

CAUSES = {cause.name: cause for cause in read_table()}


def run_with(tmp_path: Path, *overrides: str) -> SimpleNamespace:
    """What the command of a mend reads of a run with these overrides."""
    (tmp_path / ".hydra").mkdir()
    lines = "".join(f"- {text}\n" for text in overrides)
    (tmp_path / ".hydra" / "overrides.yaml").write_text(lines, encoding="utf-8")
    parts = build_parts(compose([*overrides, f"folder={tmp_path}"]))
    record = parts.record
    return SimpleNamespace(
        folder=tmp_path,
        record=record,
        iteration=100,
        makes_points="point_seed" in record["data"],
        data=parts.data,
        game=parts.game,
        reads="latent",
        generator=parts.networks["generator"],
        trained_network=parts.networks.get,
    )


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
        "optimizer.discriminator.lr=0.002",
        "optimizer.generator.lr=0.0005",
    ]


def test_a_run_that_collapsed_is_calmed_and_gets_a_penalty_unless_it_has_one(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp", "penalty=none", "optimizer.discriminator.lr=0.0005")
    calm = ["optimizer.discriminator.lr=0.0005", "optimizer.generator.lr=0.001"]
    assert settings_of(CAUSES["few_modes"], run) == ["penalty=default", *calm]
    run.game = SimpleNamespace(objective=replace(run.game.objective, penalties={"r1": R1(1.0)}))
    assert settings_of(CAUSES["few_modes"], run) == calm


def test_a_generator_whose_code_is_at_fault_is_replaced_and_its_rates_stay(tmp_path, monkeypatch):
    run = run_with(tmp_path, "data=digits", "architecture=mlp")
    monkeypatch.setattr("saddle.diagnosis.mend.reading_generator", lambda run: "saddle.architecture.mlp.Generator")
    monkeypatch.setitem(_VALUES, "reading_generator", lambda run: "saddle.architecture.mlp.Generator")
    target = "architecture.generator._target_=saddle.architecture.mlp.Generator"
    assert settings_of(CAUSES["one_image"], run) == [target]


def test_a_setting_that_the_run_does_not_have_is_left_out(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp", "optimizer=sgd")
    assert settings_of(CAUSES["momentum_too_high"], run) == []
    assert command_of(CAUSES["momentum_too_high"], run) is None
    assert settings_of(CAUSES["data_range"], run) == []


def test_a_run_that_is_too_short_goes_on_in_its_folder(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp")
    assert command_of(CAUSES["budget_too_short"], run).endswith(f"resume={tmp_path} trainer.max_steps=1000")
    run.iteration = 300
    assert settings_of(CAUSES["budget_too_short"], run) == ["trainer.max_steps=3000"]


def test_a_checkpoint_alone_gives_the_settings_alone(tmp_path):
    run = run_with(tmp_path, "data=digits", "architecture=mlp")
    run.folder = None
    assert command_of(CAUSES["wrong_labels"], run).split()[-1] == "architecture.conditional=false"


@pytest.mark.parametrize(
    ("discriminator", "generator", "fair"), [(4e-3, 2e-4, "0.001"), (4e-3, 2e-3, "0.002"), (5e-4, 5e-6, "0.0005")]
)
def test_rates_that_differ_become_one(tmp_path, discriminator, generator, fair):
    rates = [f"optimizer.discriminator.lr={discriminator}", f"optimizer.generator.lr={generator}"]
    run = run_with(tmp_path, "data=digits", "architecture=mlp", *rates)
    expected = [f"optimizer.discriminator.lr={fair}", f"optimizer.generator.lr={fair}"]
    for name in ("discriminator_too_strong", "discriminator_too_weak"):
        assert settings_of(CAUSES[name], run)[:2] == expected


@pytest.mark.parametrize(
    ("chosen", "begins_again"), [(["data=digits"], True), (["data=ring", "architecture=points"], False)]
)
def test_the_default_recipe_is_proposed_for_images_alone(tmp_path, chosen, begins_again):
    settings = settings_of(CAUSES["collapsed"], run_with(tmp_path, "experiment=none", *chosen))
    assert ("experiment=default" in settings) == begins_again
