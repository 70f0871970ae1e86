import math
import random

import pytest

pytest.importorskip("optuna")
from optuna.trial import TrialState

from saddle.config.search import Search
from saddle.error import InputError
from saddle.sweep.trials import Trials

SPACE = ["optimizer.lr=tag(log,interval(1e-4,1e-1))", "loss=hinge,minimax"]
FRECHET = ["metric/frechet"]


def of(sampler: str = "tpe", **changes) -> Search:
    settings = {"trials": 6, "batch": None, "sampler": sampler, "seed": 3, "startup": 2, "pruner": None}
    return Search(**{**settings, "second_objective": None, "storage": None, **changes})


def opened(file, search: Search, goes_on=False, space=SPACE, objectives=FRECHET) -> Trials:
    return Trials.open(file, space, objectives, search, goes_on)


def result(overrides: list[str]) -> float:
    """The distance of a trial's learning rate from 0.01, in decades; hinge is better."""
    lr, loss = (text.partition("=")[2] for text in overrides)
    return abs(math.log10(float(lr)) + 2) + (loss == "minimax")


def tell(trials: Trials, batch: dict[int, list[str]]) -> None:
    for number, overrides in batch.items():
        if number == 2:
            trials.tell_failed(number)
        else:
            trials.tell_finished(number, [result(overrides)], {10: 1.0})


def finish(trials: Trials, size: int) -> dict[int, list[str]]:
    """Train the rest of a search; returns the overrides of all trials that were begun."""
    done: dict[int, list[str]] = {}
    while batch := trials.next_batch(size):
        tell(trials, batch)
        done |= batch
    return done


@pytest.mark.parametrize(
    ("sampler", "size"),
    [("tpe", 3), ("gp", 1), *(pytest.param(*case, marks=pytest.mark.slow) for case in (("tpe", 1), ("random", 2)))],
)
def test_a_search_that_is_interrupted_anywhere_has_the_same_trials(tmp_path, sampler, size):
    straight = finish(opened(tmp_path / "a.db", of(sampler)), size)
    assert sorted(straight) == list(range(6))
    assert len({tuple(overrides) for overrides in straight.values()}) == 6

    file = tmp_path / "b.db"
    trials = opened(file, of(sampler))
    first = trials.next_batch(size)
    assert opened(file, of(sampler), goes_on=True).next_batch(size) == first  # killed before any was trained
    tell(trials, first)
    second = trials.next_batch(size)
    tell(trials, dict(list(second.items())[1:]))  # killed while the first of them was training
    rest = finish(opened(file, of(sampler), goes_on=True), size)
    assert {**first, **second, **rest} == straight
    jobs = opened(file, of(sampler), goes_on=True)._jobs()  # gp insists on trials that were made, which are no jobs
    states = [trial.state for trial in jobs]
    assert states.count(TrialState.FAIL) == 1
    assert states.count(TrialState.COMPLETE) == 5


def test_a_trial_whose_drawing_was_interrupted_is_drawn_to_the_end(tmp_path):
    trials = opened(tmp_path / "a.db", of("random"))
    expected = trials.next_batch(1)
    cut = opened(tmp_path / "b.db", of("random"))
    cut._ask([], 1)  # killed before any value was drawn
    assert opened(tmp_path / "b.db", of("random"), goes_on=True).next_batch(1) == expected


@pytest.mark.slow
def test_the_sampler_finds_what_chance_does_not(tmp_path):
    """16 trials of TPE against the mean best of as many random draws, from the same space."""
    done = finish(opened(tmp_path / "a.db", of(trials=16)), 1)
    best = min(map(result, done.values()))
    draws = random.Random(0)
    chance = [min(abs(draws.uniform(-4, -1) + 2) + draws.randint(0, 1) for _ in range(16)) for _ in range(1000)]
    assert best < sum(chance) / len(chance)


def test_a_space_without_new_trials_ends_the_search_and_more_trials_go_on(tmp_path):
    file = tmp_path / "a.db"
    short = opened(file, of("random", trials=1), space=["loss=hinge,minimax"])
    assert list(short.next_batch(4)) == [0]
    short.tell_failed(0)
    assert short.next_batch(4) == {}
    longer = opened(file, of("random", trials=9), goes_on=True, space=["loss=hinge,minimax"])
    batch = longer.next_batch(4)
    assert list(batch) == [1]
    longer.tell_finished(1, [1.0], {})
    assert longer.next_batch(4) == {}
    assert longer.count == 2


def test_two_objectives_give_their_pareto_set(tmp_path):
    trials = opened(tmp_path / "a.db", of("random"), objectives=["metric/frechet", "metric/recall"])
    for values in ([1.0, 0.5], [2.0, 0.9], [2.0, 0.4]):
        [number] = trials.next_batch(1)
        trials.tell_finished(number, values, {10: 1.0})
    assert [trial.number for trial in trials.study.best_trials] == [0, 1]


def test_a_storage_of_another_study_or_none_is_refused(tmp_path):
    file = tmp_path / "a.db"
    opened(file, of())
    with pytest.raises(InputError, match="this file is there already: name another one"):
        opened(file, of())
    with pytest.raises(InputError, match="it holds a study of other space"):
        opened(file, of(), goes_on=True, space=["loss=hinge,minimax"])
    with pytest.raises(InputError, match="it holds a study of other objectives"):
        opened(file, of(), goes_on=True, objectives=["metric/kernel"])
    (tmp_path / "text.db").write_text("no database at all, but some text that is long enough to have a header" * 20)
    with pytest.raises(InputError, match="this is not the storage of this search"):
        opened(tmp_path / "text.db", of(), goes_on=True)
