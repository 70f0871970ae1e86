"""The jobs of `sweep=slurm`: one array of Slurm's, submitted by submitit, whose jobs are queued again until done."""

import importlib.util
import math
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

import saddle.sweep.resolver  # noqa: F401
from saddle.error import InputError, first_line
from saddle.interrupt import name_of
from saddle.layout import SUBMITTED
from saddle.sweep import job
from saddle.threads import give_cores

_INSTALL = 'python -m pip install -e ".[slurm]" -c constraints.txt'
_OF_SLURM = ("partition", "account", "qos", "constraint", "array_parallelism", "signal_delay_s")
"""Settings that submitit knows as slurm_NAME."""

_CANCELING = (signal.SIGINT, signal.SIGTERM)
"""Signals that end the jobs with the sweep. After others, as when a terminal is closed, they go on by themselves."""

_WARNINGS = ("SIGUSR1", "SIGUSR2")
"""The signals by which Slurm says that the time is nearly over, and submitit that a job should be queued again."""


@dataclass
class Task:
    """One job of a sweep, as it is written to a file for the node that trains it."""

    context: HydraContext
    config: DictConfig
    function: TaskFunction
    overrides: list[str]
    number: int
    singletons: dict[Any, Any] = field(default_factory=Singleton.get_state)

    def __call__(self) -> Any:
        """Train the job, or go on with it; returns its objective. A warning of Slurm's queues it again."""
        handlers = job.begin_as_requeued()
        Singleton.set_state(self.singletons)
        setup_globals()
        config = self.context.config_loader.load_sweep_config(self.config, self.overrides)
        with open_dict(config):
            config.hydra.job.id = f"{config.hydra.job.name}_{self.number}"
            config.hydra.job.num = self.number
        result = run_job(
            task_function=self.function,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
            hydra_context=self.context,
        )
        stopped = job.stopped()
        if stopped is None:
            return result.return_value
        handler = handlers.get(stopped)
        if name_of(stopped) in _WARNINGS and callable(handler):
            handler(stopped, None)  # submitit's: it queues the job again and leaves
        sys.exit(128 + stopped)  # without a result: Slurm itself queues a preempted job again

    def checkpoint(self) -> Any:
        """What is queued again: the same job, which finds its checkpoint. submitit calls this."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def launch(tasks: Sequence[Task], settings: Mapping[str, Any], sweep: str) -> list[JobReturn]:
    """Submit tasks as one array, wait until all have ended, and return their results; None for one without any.

    A signal to this process ends the jobs, with checkpoints; when the terminal is closed they go on. Raises InputError,
    naming the setting, if submitit is missing or nothing can be submitted.
    """
    executor = _executor(settings, Path(sweep) / SUBMITTED)
    give_cores(int(settings["cpus_per_task"]))
    with executor.batch():
        submitted = [executor.submit(task) for task in tasks]
    first, last = submitted[0].job_id, submitted[-1].job_id
    print(f"{len(tasks)} jobs submitted ({first} to {last}), with logs in {Path(sweep) / SUBMITTED}", flush=True)
    _wait(submitted)
    return [_result(task, one) for task, one in zip(tasks, submitted, strict=True)]


def _executor(settings: Mapping[str, Any], folder: Path) -> Any:
    """The executor of submitit with these settings; raises InputError if it cannot be."""
    if importlib.util.find_spec("submitit") is None:
        raise InputError(f"sweep=slurm: submitit is not installed: {_INSTALL}")
    import submitit

    cluster = settings["cluster"]
    if cluster not in ("slurm", "local"):
        raise InputError(f"hydra.launcher.cluster={cluster}: use slurm, or local to try it on this machine")
    count = settings["requeues"]
    if cluster == "local":
        local = submitit.LocalExecutor(folder, max_num_timeout=count)
        timing = {name: settings[name] for name in ("timeout_min", "signal_delay_s")}
        local.update_parameters(**timing, setup=settings["before"] or [])
        return local
    try:
        executor = submitit.AutoExecutor(folder, cluster=cluster, slurm_max_num_timeout=count)
        executor.update_parameters(**_parameters(settings))
    except (RuntimeError, ValueError, TypeError, NameError, AssertionError) as error:
        raise InputError(f"hydra.launcher: {first_line(error)}; hydra.launcher.cluster=local needs no Slurm") from error
    return executor


def _parameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as submitit names them, without those that are left to the cluster."""
    parameters: dict[str, Any] = {"name": "saddle", "nodes": 1, "tasks_per_node": 1}
    parameters["timeout_min"] = math.ceil(settings["timeout_min"])
    for name in ("gpus_per_node", "mem_gb", "cpus_per_task"):
        parameters[name] = settings[name]
    for name in _OF_SLURM:
        parameters[f"slurm_{name}"] = settings[name]
    parameters["slurm_setup"] = settings["before"]
    parameters["slurm_additional_parameters"] = {**settings["additional"], "requeue": True}
    return {name: value for name, value in parameters.items() if value is not None}


def _wait(submitted: Sequence[Any]) -> None:
    """Wait until all jobs have ended, or a signal tells this process to leave them."""
    is_canceled = False
    while not all(one.done() for one in submitted):
        stopped = job.stopped()
        if stopped is not None and stopped not in _CANCELING:
            print(f"{name_of(stopped)}: the jobs go on without this process", file=sys.stderr, flush=True)
            return
        if stopped is not None and not is_canceled:
            is_canceled = True
            for one in submitted:
                one.cancel(check=False)
        time.sleep(0.5)


def _result(task: Task, submitted: Any) -> JobReturn:
    """What a job returned; None if it did not end by itself, which is said on stderr with its log."""
    result = JobReturn(overrides=task.overrides, status=JobStatus.COMPLETED)
    result.return_value = None
    if not submitted.done():
        return result
    try:
        result.return_value = submitted.result()
    except Exception:  # whatever the job raised, or submitit's word for a job that was killed
        print(f"job {task.number} left no result: see {submitted.paths.stderr}", file=sys.stderr, flush=True)
    return result
