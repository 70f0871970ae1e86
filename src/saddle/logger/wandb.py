"""Weights & Biases."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.loggers.logger import rank_zero_experiment

if TYPE_CHECKING:
    from wandb import Run


class WandB(WandbLogger):
    """A run of `project` at Weights & Biases, whose files lie in `folder`/wandb.

    A resumed run goes on in the same one, whose id is kept in `folder`/wandb/id.txt. With `offline` nothing is sent
    before `wandb sync FOLDER/wandb/offline-*`, and each process of the run leaves a folder of its own there.
    """

    def __init__(self, folder: str, project: str, offline: bool) -> None:
        place = Path(folder)
        self._files = place / "wandb"
        super().__init__(
            name="/".join(place.absolute().parts[-2:]),
            project=project,
            save_dir=folder,
            offline=offline,
            resume=None if offline else "allow",
        )

    @property
    @rank_zero_experiment
    def experiment(self) -> "Run":
        """The run, which is begun at the first use."""
        if self._experiment is None:
            self._wandb_init["id"] = _id_in(self._files)
        return super().experiment

    def finalize(self, status: str) -> None:
        """End the run, so that the next one of a sweep, in the same process, is another one."""
        super().finalize(status)
        if self._experiment is not None:
            self.experiment.finish(0 if status == "success" else 1)


def _id_in(folder: Path) -> str:
    """The id of the run whose files lie in a folder; a new one for a new run."""
    file = folder / "id.txt"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets.token_hex(4), encoding="utf-8")
    return file.read_text(encoding="utf-8")
