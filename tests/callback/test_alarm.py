import pytest

from saddle.callback.alarm import Alarm, conditions


def rung(observations: str, patience: int) -> list[int]:
    """Where an alarm rings in a row of bad (x), fine (.) and in-between (-) observations."""
    alarm = Alarm(patience)
    return [i for i, kind in enumerate(observations) if alarm.observe(kind == "x", kind == ".")]


@pytest.mark.parametrize(
    ("observations", "patience", "expected"),
    [
        ("xxxxxx", 1, [0]),
        ("xxxxxx", 3, [2]),
        ("x.x.x.", 2, []),
        ("x-xx-x", 2, [3]),  # in between, the row is broken
        ("xx-xx-xx", 2, [1]),  # but the alarm has not cleared
        ("xx.xx", 2, [1, 4]),
        ("......", 1, []),
    ],
)
def test_an_alarm_rings_once_until_it_has_cleared(observations, patience, expected):
    assert rung(observations, patience) == expected


WINS = {"separation": 1.0, "signal_share": 1e-5}
LOSES = {"separation": 0.1, "neighbours": 0.99}
TWINS = {"duplicates": 0.8, "real_duplicates": 0.01}


@pytest.mark.parametrize(
    ("name", "readings", "verdict"),
    [
        ("discriminator_wins", WINS, "bad"),
        ("discriminator_wins", {**WINS, "signal_share": 0.5}, "fine"),  # D is always right, and G learns from it
        ("discriminator_wins", {**WINS, "separation": 0.8}, "fine"),
        ("discriminator_wins", {**WINS, "signal_share": 0.05}, "between"),
        ("discriminator_loses", LOSES, "bad"),
        ("discriminator_loses", {**LOSES, "neighbours": 0.7}, "fine"),  # D guesses, and samples look like images
        ("discriminator_loses", {**LOSES, "separation": 0.9}, "fine"),
        ("discriminator_loses", {**LOSES, "separation": 0.55}, "between"),
        ("input_gradient", {"gradient_ratio": 101.0}, "bad"),
        ("input_gradient", {"gradient_ratio": 1 / 101}, "bad"),
        ("input_gradient", {"gradient_ratio": 50.0}, "between"),
        ("input_gradient", {"gradient_ratio": 1 / 50}, "between"),
        ("input_gradient", {"gradient_ratio": 3.0}, "fine"),
        ("duplicates", TWINS, "bad"),
        ("duplicates", {**TWINS, "real_duplicates": 0.45}, "between"),  # the data repeats itself
        ("duplicates", {**TWINS, "duplicates": 0.4}, "between"),
        ("duplicates", {**TWINS, "duplicates": 0.1}, "fine"),
    ],
)
def test_what_is_bad_what_is_fine_and_what_lies_between(name, readings, verdict):
    condition = conditions(duplicates=0.5, gradient_ratio=100.0)[name]
    assert set(condition.needs) == set(readings)
    found = (condition.bad(readings), condition.fine(readings))
    assert found == (verdict == "bad", verdict == "fine")
    assert "{" not in condition.text.format(**readings)
