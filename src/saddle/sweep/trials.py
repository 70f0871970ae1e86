"""The trials of a search, kept by Optuna in one SQLite file.

Each trial is drawn by a sampler of its own seed, from the trials before it. So a search that was interrupted goes on
with the trials that it would have had, whatever happened to its process.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.distributions import distribution_to_json
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from saddle.config.direction import direction_of
from saddle.config.search import Search
from saddle.error import InputError, first_line
from saddle.seed import hashed_seed
from saddle.sweep.space import Space, overrides_of, space_of, suggested

optuna.logging.set_verbosity(optuna.logging.WARNING)  # saddle names the jobs itself

_NAME = "saddle"
"""The name of the study in its file."""

_JOB = "job"
"""The attribute of a trial that holds the number of its job. A trial without one repeats an earlier trial."""

_LEARNED_REPEATS = 5
"""The number of repeated trials in a row after which the next are drawn at random: a sampler may insist on one."""

_MOST_REPEATS = 100
"""The number of repeated trials in a row after which a space counts as exhausted."""


@dataclass
class Trials:
    """The trials of one search."""

    study: optuna.Study
    space: Space
    search: Search

    @classmethod
    def open(
        cls, file: Path, overrides: Sequence[str], objectives: Sequence[str], search: Search, goes_on: bool
    ) -> "Trials":
        """The trials in the SQLite file `file`, which is made for a new search.

        Raises InputError for several values that are no search space, and for a file that holds another study or none.
        """
        space = space_of(overrides)
        objectives = list(objectives)
        what = {"space": {name: distribution_to_json(kind) for name, kind in space.items()}, "objectives": objectives}
        if file.exists() and not goes_on:
            raise InputError(f"sweep.storage={file}: this file is there already: name another one")
        file.parent.mkdir(parents=True, exist_ok=True)
        directions = ["maximize" if direction_of(name) == "larger" else "minimize" for name in objectives]
        try:
            study = optuna.create_study(
                storage=f"sqlite:///{file}", study_name=_NAME, directions=directions, load_if_exists=goes_on
            )
        except (SQLAlchemyError, optuna.exceptions.OptunaError, RuntimeError, AssertionError) as error:
            raise InputError(f"{file}: this is not the storage of this search ({first_line(error)})") from error
        for name, value in what.items():
            held = study.user_attrs.get(name)
            if held is None:
                study.set_user_attr(name, value)
            elif held != value:
                raise InputError(f"{file}: it holds a study of other {name}: use sweep.storage=FILE to begin another")
        return cls(study, space, search)

    @property
    def settings(self) -> list[str]:
        """The settings that are searched, as the command line names them."""
        return list(self.space)

    def next_batch(self, size: int, launched: Collection[int] = ()) -> dict[int, list[str]]:
        """The overrides of the next trials by the numbers of their jobs: those that an earlier process left come first.

        `launched` are jobs of this process: one that is still not done, because it was killed, waits for the next time
        that the search goes on. Batches end at multiples of `size`, so that a search that goes on chooses as much at
        once as before. Empty if all trials are done, or if no new one is left in the space.
        """
        batch: dict[int, list[str]] = {}
        for trial in self._jobs():
            if trial.state == TrialState.RUNNING and trial.user_attrs[_JOB] not in launched:
                batch[trial.user_attrs[_JOB]] = overrides_of(trial.params)
        count = self.count
        while count < self.search.trials and (not batch or count % size):
            new = self._new(count, size)
            if new is None:
                break
            batch[count] = new
            count += 1
        return batch

    @property
    def count(self) -> int:
        """The number of trials that were made, without repeated ones."""
        return len(self._jobs())

    def _jobs(self) -> list[FrozenTrial]:
        """The trials that are jobs."""
        return [trial for trial in self._trials() if _JOB in trial.user_attrs]

    def _trials(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _new(self, number: int, size: int) -> list[str] | None:
        """The overrides of a new trial, the job of this number; None if every trial of the space was made."""
        while self._repeats() < _MOST_REPEATS:
            earlier = [trial.params for trial in self._jobs()]
            trial = self._ask(self._trials(), size)
            values = suggested(trial, self.space)
            if values not in earlier:
                trial.set_user_attr(_JOB, number)
                return overrides_of(values)
            self.study.tell(trial, state=TrialState.FAIL)  # the same run would have the same result
        return None

    def _repeats(self) -> int:
        """The number of repeated trials since the last new one."""
        repeats = 0
        for trial in reversed(self._trials()):
            if _JOB in trial.user_attrs:
                break
            repeats += trial.state == TrialState.FAIL
        return repeats

    def _ask(self, trials: Sequence[FrozenTrial], size: int) -> Trial:
        """A trial that an interrupted process had begun to draw, or a new one."""
        for trial in trials:
            if trial.state == TrialState.RUNNING and _JOB not in trial.user_attrs:
                self.study.sampler = self._sampler(trial.number, size)
                return Trial(self.study, trial._trial_id)
        self.study.sampler = self._sampler(len(trials), size)
        return self.study.ask()

    def _sampler(self, number: int, size: int) -> BaseSampler:
        """The sampler of one trial."""
        seed = hashed_seed(self.search.seed, f"trial {number}") % 2**32
        startup = self.search.startup
        if self._repeats() >= _LEARNED_REPEATS:
            return RandomSampler(seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            if self.search.sampler == "tpe":
                return TPESampler(seed=seed, n_startup_trials=startup, constant_liar=size > 1)
            if self.search.sampler == "gp":
                return GPSampler(seed=seed, n_startup_trials=startup)
        return RandomSampler(seed=seed) if self.search.sampler == "random" else NSGAIISampler(seed=seed)

    # results

    def tell_finished(self, job: int, values: Sequence[float], curve: Mapping[int, float]) -> None:
        """Note the objectives that a job reached, and its curve of the first one by iteration."""
        self._report(job, curve)
        self.study.tell(self._number_of(job), list(values))

    def tell_pruned(self, job: int, curve: Mapping[int, float]) -> None:
        """Note that a job was pruned, and its curve until then."""
        self._report(job, curve)
        self.study.tell(self._number_of(job), state=TrialState.PRUNED)

    def tell_failed(self, job: int) -> None:
        """Note that a job failed: the study goes on without it."""
        self.study.tell(self._number_of(job), state=TrialState.FAIL)

    def _report(self, job: int, curve: Mapping[int, float]) -> None:
        if len(self.study.directions) > 1:
            return  # Optuna keeps curves of one objective only
        self.study.sampler = RandomSampler()  # the trial is drawn already
        frozen = self._frozen(job)
        trial = Trial(self.study, frozen._trial_id)
        for iteration, value in curve.items():
            if iteration not in frozen.intermediate_values:
                trial.report(value, iteration)

    def _number_of(self, job: int) -> int:
        return self._frozen(job).number

    def _frozen(self, job: int) -> FrozenTrial:
        [trial] = [trial for trial in self._jobs() if trial.user_attrs[_JOB] == job]
        return trial
