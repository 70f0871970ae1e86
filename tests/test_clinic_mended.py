"""Whether what the doctor proposes is followed, and how a run that followed it is judged; when alarms rang."""

import json
from pathlib import Path

import clinic
import clinic_alarms
import clinic_mended
import pytest
from clinic_runs import Patient, of_half, patients

from saddle import plugin
from saddle.diagnosis.table import read_table
from saddle.run.finished import FinishedRun

CAUSES = {cause.name: cause for cause in read_table()}
HEALTHY = [{"measures": {"frechet": 3.0, "coverage": 0.5}}, {"measures": {"frechet": 2.0, "coverage": 0.2}}]


def patient(cause: str, networks: str, *settings: str, data: str = "digits") -> Patient:
    """A run of the clinic with that cause, and settings of its own besides."""
    found = next(
        patient
        for patient in patients()
        if (patient.cause, patient.base.networks, patient.base.data) == (cause, networks, data)
    )
    return Patient(**{**vars(found), "settings": (*found.settings, *settings)})


@pytest.fixture
def trusted(monkeypatch):
    """Trusts the clinic's broken parts until the test ends."""
    monkeypatch.setenv("SADDLE_PLUGINS", "clinic_parts")
    monkeypatch.setattr(plugin, "_trusted", None)


def line(frechet: float, coverage: float, **symptoms: float) -> dict:
    return {"measures": {"frechet": frechet, "coverage": coverage}, "symptoms": symptoms}


def test_a_run_is_mended_if_no_ill_is_named_and_no_measure_is_worse_than_the_worst_of_healthy_runs():
    assert clinic_mended.is_mended(line(3.0, 0.2), HEALTHY) == (True, True)
    assert clinic_mended.is_mended(line(3.1, 0.2), HEALTHY) == (True, False)
    assert clinic_mended.is_mended(line(3.0, 0.1), HEALTHY) == (True, False)
    assert clinic_mended.is_mended(line(1.0, 0.9, diversity=0.0), HEALTHY) == (False, True)
    assert clinic_mended.is_mended({"failure": "not finite"}, HEALTHY) == (False, False)


def test_the_table_counts_what_was_done_as_told_and_lists_the_rest():
    told, command = ({"cause": "a", "way": way} for way in ("as told", "by command"))
    broken = [(told, (True, True)), (told, (True, False)), (command, (False, False))]
    rows = clinic_mended.table(broken).splitlines()[2:]
    assert rows == [
        "| a | 2 | 2 | 1 | 1 |",
        "| a, by command | 1 | 0 | 0 | 0 |",
        "| all, as told | 2 | 2 | 1 | 1 (50.0%) |",
    ]


def test_data_that_is_at_fault_is_taken_without_the_fault():
    few = patient("too_few_images", "dcgan")
    words = clinic_mended._words(Path("RUN"), Path("NEW"), few, CAUSES["too_few_images"], "as told")
    assert not any(word.startswith("data.limit") for word in words)
    assert "hydra.run.dir=NEW" in words
    assert clinic_mended._changed(few, words) == [f"~data.limit={few.settings[0].split('=')[1]}"]


def test_every_run_of_the_unseen_half_has_a_line():
    lines = clinic_mended.lines_of(clinic_mended.MENDED)
    told = {line["name"] for line in lines if line["way"] != "by command"}
    assert {found.name for found in of_half("unseen") if found.cause != "plateau"} <= told


def test_most_of_the_unseen_broken_runs_are_mended():
    names = {found.name for found in of_half("unseen")}
    outcomes = clinic_mended.outcomes_of(clinic_mended.lines_of(clinic_mended.MENDED))
    told = [all(outcome) for line, outcome in outcomes if line["name"] in names and line["way"] == "as told"]
    assert len(told) == 108
    assert sum(told) >= 0.8 * len(told)


def test_alarms_are_counted_by_cause_with_the_share_of_the_run_after_which_the_first_rang():
    runs = [{"a": 0.5, "b": 0.25}, {}, {"a": 0.75}]
    lines = [{"cause": "x", "rang": rang} for rang in runs] + [{"cause": "healthy", "rang": {}}]
    rows = clinic_alarms.table(lines).splitlines()[2:]
    assert rows[0] == "| x | 3 | 2 | 75% (25% to 75%) | a 2, b 1 |"
    assert rows[1:] == [
        "| healthy | 1 | 0 |  |  |",
        rows[0].replace("| x ", "| all broken "),
        "| all healthy | 1 | 0 |  |  |",
    ]


def test_every_line_of_both_halves_says_which_alarms_rang_and_agrees_with_those_that_still_rang_at_the_end():
    for half in ("seen", "unseen"):
        for known in clinic.lines_of(half):
            assert set(known["alarms"]) <= set(known["rang"]), known["name"]


@pytest.mark.slow  # it trains
def test_alarms_ring_when_the_run_said_so(tmp_path, trusted, capfd):
    often = ("trainer.log_every_n_steps=1", "callback.health.every_iterations=1", "callback.health.probe_iterations=1")
    ill = patient("one_image", "dcgan", "trainer.max_steps=8")
    overrides = [text for text in ill.overrides(tmp_path / "run") if text.split("=")[0] not in str(often)]
    import saddle

    saddle.train([*overrides, *often])
    first = clinic_alarms.rang(tmp_path / "run")
    assert f"health, iteration {round(8 * first['duplicates'])}: G collapses" in capfd.readouterr().err
    assert json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))["alarms"] == list(first)


@pytest.mark.slow  # it trains three runs
def test_a_run_is_mended_as_told_and_the_broken_one_is_kept(tmp_path, trusted, monkeypatch):
    monkeypatch.setattr("saddle.diagnosis.mend._LONG", 8)
    ill = patient("average_jumps", "mlp", "trainer.max_steps=6")
    whole = next(found for found in patients() if found.base.data == "digits" and not found.settings)
    for found in (ill, Patient(**{**vars(whole), "settings": ("trainer.max_steps=2",)})):
        clinic._train_one(tmp_path / found.name, found)
    told = clinic_mended._mended(tmp_path, ill, "as told")
    assert told["named"] == "budget_too_short"
    assert told["changed"] == ["trainer.max_steps=60"]
    assert told["symptoms"]["iterations"] == 60
    assert 0 <= told["measures"]["coverage"] <= 1
    assert FinishedRun.open(tmp_path / ill.name).iteration == 6
