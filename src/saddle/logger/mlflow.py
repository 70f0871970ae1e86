"""MLflow."""

from pathlib import Path
from typing import TYPE_CHECKING

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.loggers import MLFlowLogger
from lightning.pytorch.loggers.logger import rank_zero_experiment

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


class MLflow(MLFlowLogger):
    """A run of the experiment `experiment` in an MLflow `store`: a folder, or the address of a server.

    A folder receives the database mlflow.db and the pictures and texts; nothing is sent anywhere. A resumed run of
    `folder` goes on in the same MLflow run, whose id is kept in `folder`/mlflow/run.txt.
    """

    def __init__(self, folder: str, store: str, experiment: str) -> None:
        run, place = Path(folder), Path(store).absolute()
        is_server = "://" in store
        self._file = run / "mlflow" / "run.txt"
        if not is_server:
            place.mkdir(parents=True, exist_ok=True)
        super().__init__(
            experiment_name=experiment,
            run_name="/".join(run.absolute().parts[-2:]),
            tracking_uri=store if is_server else f"sqlite:///{(place / 'mlflow.db').as_posix()}",
            artifact_location=None if is_server else (place / "artifacts").as_uri(),
            run_id=self._file.read_text(encoding="utf-8") if self._file.is_file() else None,
        )

    @property
    @rank_zero_experiment
    def experiment(self) -> "MlflowClient":
        """The client of the store; a new run's id is written once it has one."""
        client = super().experiment
        if self._run_id is not None and not self._file.is_file():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(self._run_id, encoding="utf-8")
        return client
