"""The sweeper of `sweep=optuna`, where Hydra looks for sweepers. It loads saddle and Optuna only when it is used."""

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class OptunaSweeper(Sweeper):
    """Gives each trial of a search to Hydra's launcher; `saddle.sweep.search` chooses the trials' settings."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the config of the sweep, and make the launcher. Hydra calls this."""
        self.config = config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Train the trials of the search that the overrides `arguments` describe. Hydra calls this.

        Raises `saddle.error.InputError`, naming the setting, for a search that cannot be.
        """
        from saddle.sweep.search import search

        search(self.config, arguments, self.launcher)


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="saddle_optuna",
    node={"_target_": f"{__name__}.{OptunaSweeper.__name__}"},
    provider="saddle",
)
