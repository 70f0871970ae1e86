"""MLflow."""

from pathlib import Path
from typing import TYPE_CHECKING

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.loggers import MLFlowLogger
from lightning.pytorch.loggers.logger import rank_zero_experiment

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


class MLflow(MLFlowLogger):
    """A run of the experiment `experiment` in an MLflow store: the folder `root`, or the `server` at an address.

    The folder receives the database mlflow.db, pictures and texts; nothing is sent anywhere. A resumed run of `folder`
    goes on in the same MLflow run, whose id is kept in `folder`/mlflow/run.txt.
    """

    def __init__(self, folder: str, root: str, server: str | None, experiment: str) -> None:
        run, place = Path(folder), Path(root).absolute()
        self._root, self._file = place, run / "mlflow" / "run.txt"
        super().__init__(
            experiment_name=experiment,
            run_name="/".join(run.absolute().parts[-2:]),
            tracking_uri=server or f"sqlite:///{(place / 'mlflow.db').as_posix()}",
            artifact_location=None if server else (place / "artifacts").as_uri(),
            run_id=self._file.read_text(encoding="utf-8") if self._file.is_file() else None,
        )

    @property
    @rank_zero_experiment
    def experiment(self) -> "MlflowClient":
        """The client of the store; a new run's id is written once it has one."""
        self._root.mkdir(parents=True, exist_ok=True)
        client = super().experiment
        if self._run_id is not None and not self._file.is_file():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(self._run_id, encoding="utf-8")
        return client
