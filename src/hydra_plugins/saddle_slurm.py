"""The launcher of `sweep=slurm`, where Hydra looks for launchers. It loads saddle and submitit only when it is used."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


@dataclass
class SlurmSettings:
    """The settings hydra.launcher.* of `sweep=slurm`; null leaves a choice to the cluster."""

    cluster: str = "slurm"  # or local: processes of this machine, all at once, to try everything out
    timeout_min: float = 240.0  # of one start of a job
    signal_delay_s: int = 120  # seconds before that in which a job saves its checkpoint
    requeues: int = 100  # how many more times a job may start that needs more time
    array_parallelism: int = 64  # jobs that run at the same time
    cpus_per_task: int = 2
    gpus_per_node: int | None = None
    mem_gb: float | None = 8.0
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    before: list[str] | None = None  # lines of shell before the job, as "module load cuda"
    additional: dict[str, Any] = field(default_factory=dict)  # further options of sbatch by name


@dataclass
class SlurmLauncher(SlurmSettings, Launcher):
    """Submits the jobs of a sweep as one array; `saddle.sweep.slurm` does it."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what a job needs. Hydra calls this."""
        self.context, self.function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Submit jobs, wait until all have ended, and return their results. Hydra calls this.

        Raises `saddle.error.InputError`, naming the setting, if they cannot be submitted.
        """
        from saddle.sweep.slurm import Task, launch

        tasks: list[Task] = []
        for place, overrides in enumerate(job_overrides):
            tasks.append(Task(self.context, self.config, self.function, list(overrides), initial_job_idx + place))
        return launch(tasks, self._settings(), self.config.hydra.sweep.dir)

    def _settings(self) -> dict[str, Any]:
        """The settings by name, as plain values."""
        named = {one.name: getattr(self, one.name) for one in fields(SlurmSettings)}
        plain = OmegaConf.to_container(OmegaConf.create(named), resolve=True)
        assert isinstance(plain, dict)
        return {str(name): value for name, value in plain.items()}


@dataclass
class SlurmNode(SlurmSettings):
    """The config node of the launcher."""

    _target_: str = f"{__name__}.{SlurmLauncher.__name__}"


ConfigStore.instance().store(group="hydra/launcher", name="saddle_slurm", node=SlurmNode, provider="saddle")
