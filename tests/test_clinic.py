"""The clinic that examines the doctor: its runs, its halves, and what the rules make of the half that they may know."""

import os
from collections import Counter
from pathlib import Path

import clinic
import pytest
from clinic_runs import BASES, HALVES, Patient, of_half, patients

from saddle import plugin
from saddle.diagnosis.judge import judged
from saddle.diagnosis.table import read_table
from saddle.run.finished import FinishedRun

PATIENTS = patients()


def test_the_clinic_is_as_large_and_as_varied_as_its_page_says():
    assert len(PATIENTS) >= 300
    assert len({patient.name for patient in PATIENTS}) == len(PATIENTS)
    causes = Counter(patient.cause for patient in PATIENTS)
    assert causes["healthy"] >= len(PATIENTS) / 4
    for cause in causes:
        assert {patient.strength for patient in PATIENTS if patient.cause == cause} == {0, 1, 2, 3}
    assert {base.data for base in BASES} == {"ring", "digits", "mnist", "robots"}
    assert len({base.networks for base in BASES}) >= 3
    assert len({base.loss for base in BASES}) >= 4


def test_every_cause_of_the_table_that_a_cpu_can_have_is_in_the_clinic():
    named = {cause.name for cause in read_table()} - {"overflow"} - {"still_improving", "collapsed"}
    # the last two rows are younger than the clinic's runs
    assert {patient.cause for patient in PATIENTS} == {*named, "healthy"}


def test_each_cause_is_split_in_halves_and_no_line_is_in_the_wrong_file():
    halves = {patient.name: patient.half for patient in PATIENTS}
    for cause in {patient.cause for patient in PATIENTS}:
        counts = Counter(patient.half for patient in PATIENTS if patient.cause == cause)
        assert counts["seen"] == counts["unseen"]
    for half in ("seen", "unseen"):
        assert {halves[line["name"]] for line in clinic.lines_of(half)} <= {half}


def test_fresh_runs_are_others_and_each_has_a_line():
    fresh = of_half("fresh")
    known = {(patient.base, patient.seed, patient.settings) for half in HALVES[:2] for patient in of_half(half)}
    assert not known & {(patient.base, patient.seed, patient.settings) for patient in fresh}
    causes = Counter(patient.cause for patient in fresh)
    assert causes["healthy"] >= 50
    assert sum(number >= 4 for cause, number in causes.items() if cause != "healthy") >= 10
    assert {line["name"] for line in clinic.lines_of("fresh")} == {patient.name for patient in fresh}


def test_no_healthy_fresh_run_is_said_to_leak_its_augmentation():
    for line in clinic.lines_of("fresh"):
        found = {diagnosis.cause.name for diagnosis in judged(read_table(), line["symptoms"])}
        assert line["cause"] != "healthy" or "augmentation_leaks" not in found, line["name"]


def test_a_fault_replaces_the_setting_of_its_base():
    heavy = next(patient for patient in PATIENTS if patient.cause == "penalty_too_heavy")
    overrides = heavy.overrides(Path("RUN"))
    keys = Counter(text.split("=")[0] for text in overrides)
    assert max(keys.values()) == 1
    assert "penalty=r1" in overrides


def test_hardly_a_healthy_run_of_the_half_that_the_rules_may_know_is_called_ill_and_most_causes_are_named():
    table, lines = read_table(), clinic.lines_of("seen")
    first = Counter()
    for line in lines:
        found = [diagnosis.cause for diagnosis in judged(table, line["symptoms"]) if not diagnosis.cause.is_well]
        is_well = line["cause"] in clinic.WELL
        first["well"] += is_well
        first["called ill"] += is_well and bool(found)
        first["named"] += not is_well and bool(found) and found[0].name == line["cause"]
        first["broken"] += not is_well
    assert first["called ill"] <= 0.03 * first["well"]
    assert first["named"] >= 0.85 * first["broken"]


def test_the_matrix_counts_what_runs_were_called():
    assert clinic.matrix({"a": {"a": 2, "healthy": 1}}).splitlines()[-1] == "| a | 3 | 2 | healthy 1 |"


@pytest.mark.parametrize("cause", ["few_modes", "wrong_labels"])
def test_a_run_with_a_broken_part_trains(cause, tmp_path, monkeypatch):
    assert "SADDLE_PLUGINS" not in os.environ, "the import of the clinic changes no other test"
    monkeypatch.setenv("SADDLE_PLUGINS", "clinic_parts")
    monkeypatch.setattr(plugin, "_trusted", None)  # it is as before after the test
    patient = next(patient for patient in PATIENTS if patient.cause == cause and patient.base.networks == "mlp")
    short = Patient(**{**vars(patient), "settings": (*patient.settings, "trainer.max_steps=2")})
    clinic._train_one(tmp_path / "run", short)
    line = clinic._line(tmp_path / "run", short)
    assert line["cause"] == cause
    assert line["failed"] is False
    needed = {"few_modes": "different_samples", "wrong_labels": "label_match"}[cause]
    assert needed in line["symptoms"]
    assert FinishedRun.open(tmp_path / "run").iteration == 2
