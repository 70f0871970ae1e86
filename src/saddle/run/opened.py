"""What a run's checkpoint and folder hold: settings, networks, game, data and curves.

torch takes seconds to import. Functions import it, so that a path without a run is refused at once.
"""

import copy
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from saddle.error import InputError
from saddle.file import expanded
from saddle.run.checkpoint import checkpoint_of
from saddle.run.curves import Curve, read_curves
from saddle.run.folder import SETTINGS, holds_run
from saddle.run.isolated import isolated
from saddle.run.record import build_recorded, is_on_points, moved_data, recorded_data, recorded_game
from saddle.run.settings import plain_settings

if TYPE_CHECKING:
    from torch import Tensor, nn

    from saddle.architecture.base import Encoder, Generator
    from saddle.data.module import ImageData
    from saddle.data.points import PointData
    from saddle.game.turn import Game


class OpenedRun:
    """A run whose checkpoint has been verified and read; networks and data are built at their first use.

    Networks are on the CPU, in evaluation mode, with averaged weights if the run averages them.
    """

    def __init__(self, path: Path, checkpoint: Path, content: dict[str, Any], settings: Sequence[str]) -> None:
        from saddle.run.same_data import class_names_in
        from saddle.training.checkpoint import MARK

        self.path = path
        """The run folder or checkpoint file that was opened."""
        self.checkpoint = checkpoint
        """The checkpoint file that was read."""
        self.record: dict[str, Any] = content[MARK]["record"]
        """The settings that decide the run's numbers, as plain values, each part with all of its arguments."""
        self.iteration: int = content[MARK]["clock"]["iteration"]
        """The number of iterations before the checkpoint was saved."""
        self.images: int = content[MARK]["clock"]["images"]
        """The number of training images (or points) in those iterations, with repetitions."""
        self.label_shares: list[float] | None = content[MARK].get("label_shares")
        """The share of each class in the data; None for a generator without labels, or where an old file lacks it."""
        self._mark = {"data": content[MARK].get("data")}
        self._class_names = class_names_in(self._mark)
        self._state: dict[str, Tensor] = content["state_dict"]
        self._networks: dict[str, nn.Module] = {}
        self._data_settings = moved_data(self.record, settings, self.folder)

    @classmethod
    def open(cls, path: Path | str, settings: Sequence[str] = ()) -> Self:
        """Verify and read the checkpoint at `path`, a run folder or a checkpoint file.

        In a folder it is last.ckpt. If that is damaged, the latest sound one before it is used, with a warning on
        stderr. `settings` may hold "data.root=FOLDER", if the run's data was moved. Raises InputError, in one
        sentence, if there is no sound checkpoint, and for any other setting.
        """
        path = Path(expanded(str(path)))
        checkpoint = checkpoint_of(path)
        from saddle.training.checkpoint import read_checkpoint, read_sound_checkpoint

        if path.is_file():
            return cls(path, checkpoint, read_checkpoint(checkpoint), settings)
        return cls(path, checkpoint, read_sound_checkpoint(checkpoint), settings)  # `checkpoint_of` has verified it

    def __repr__(self) -> str:
        game, data = (self.record[name]["_target_"].split(".")[-1] for name in ("game", "data"))
        description = f"{game} on {data}, iteration {self.iteration:,}, seed {self.seed}"
        return f"{type(self).__name__}({str(self.path)!r}, {description})"

    # from the checkpoint

    @property
    def folder(self) -> Path | None:
        """The run's folder; None for a checkpoint file that lies elsewhere."""
        parent = self.checkpoint.parent
        if parent == Path():  # the current folder is the folder of checkpoints
            parent = parent.absolute()
        is_of_run = parent.name == "checkpoints" and holds_run(parent.parent)
        return parent.parent if is_of_run else None

    @property
    def seed(self) -> int:
        """The run's seed."""
        seed: int = self.record["seed"]
        return seed

    @property
    def uses_average(self) -> bool:
        """Whether samples come from an average of the generator's weights."""
        return bool(self.record["training"]["ema"])

    @property
    def makes_points(self) -> bool:
        """Whether the generator makes points in the plane (a toy problem) and not images."""
        return is_on_points(self.record)

    @property
    def reads(self) -> Literal["latent", "source"]:
        """What the generator starts from: a latent, or the images of another domain."""
        return self.generator.reads

    @property
    def classes(self) -> int:
        """The number of classes of a conditional generator; 0 if it takes no labels."""
        return self.generator.classes

    @property
    def class_names(self) -> list[str]:
        """The names of the data's classes by their numbers; empty if it has no labels.

        They are the numbers themselves where an older version of saddle wrote the checkpoint, which recorded none.
        """
        if self._class_names is None:
            return [str(number) for number in range(self.record.get("data", {}).get("classes", 0))]
        return list(self._class_names)

    # from the run's folder

    @cached_property
    def config(self) -> dict[str, Any]:
        """All settings with which the run began, as plain values by name: `run.config["optimizer"]["lr"]`.

        They are read from .hydra/config.yaml in the run's folder. For a checkpoint file without that, they are those of
        `record`: without trainer, callbacks and loggers. Raises InputError if the file is damaged.
        """
        if self.folder is not None:
            file = self.folder / SETTINGS / "config.yaml"
            if file.is_file():
                return plain_settings(file, self.folder.resolve(), self.record)
        return copy.deepcopy(self.record)

    @property
    def summary(self) -> dict[str, Any]:
        """The content of summary.json; raises InputError if training has not ended or the folder is unknown."""
        path = self._file("summary.json")
        try:
            summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path}: the summary is damaged ({error}); restore the file") from error
        return summary

    @property
    def curves(self) -> dict[str, Curve]:
        """The curves in metrics.csv by name, as "loss/generator": iterations and values.

        Raises InputError if there is no such file, or it is damaged.
        """
        path = self._file("metrics.csv")
        try:
            return read_curves(path)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: the curves are damaged ({error}); restore the file") from error

    def _file(self, name: str) -> Path:
        """The path of a file in the run's folder; raises InputError if there is no folder or no such file."""
        if self.folder is None:
            raise InputError(f"{self.checkpoint}: {name} is in a run's folder, and this checkpoint is in none")
        path = self.folder / name
        if not path.is_file():
            raise InputError(f"{self.folder}: there is no {name}, so this run has not come so far")
        return path

    # networks, game and data

    def network(self, name: str) -> "nn.Module":
        """The network `name`, as `GameModule.finished` returns it; raises InputError if the checkpoint holds none."""
        if name not in self._networks:
            self._networks[name] = self._built_network(name)
        return self._networks[name]

    def _built_network(self, name: str) -> "nn.Module":
        from saddle.training.checkpoint import prefix_of

        prefix = prefix_of(name, self._state)
        if name not in self.record.get("architecture", {}) or prefix is None:
            raise InputError(f"{self.checkpoint}: this checkpoint holds no {name}")
        return self._loaded(name, prefix)

    def trained_network(self, name: str) -> "nn.Module | None":
        """The network `name` with the weights that training had, not their average; None if the run trains none."""
        prefix = f"{name}."
        if name not in self.record.get("architecture", {}) or not any(key.startswith(prefix) for key in self._state):
            return None
        return self._loaded(name, prefix)

    @isolated()
    def _loaded(self, name: str, prefix: str) -> "nn.Module":
        """The network `name` with the weights below `prefix` in the checkpoint, in evaluation mode."""
        from torch import nn

        from saddle.training.checkpoint import check_fits, without_prefix
        from saddle.training.sampling import ready

        network: nn.Module = build_recorded(f"architecture.{name}", self.record["architecture"][name], nn.Module)
        check_fits(self._state, network, self.checkpoint, prefix)
        network.load_state_dict(without_prefix(self._state, prefix))
        return ready(network, self.seed, self.label_shares)

    @property
    def generator(self) -> "Generator":
        """The network that samples come from."""
        from saddle.architecture.base import Generator

        generator = self.network("generator")
        if not isinstance(generator, Generator):
            raise InputError(f"{self.checkpoint}: architecture.generator is a {type(generator).__name__}")
        return generator

    @property
    def encoder(self) -> "Encoder":
        """The network that encodes images; raises InputError if the run's game trains none."""
        from saddle.architecture.base import Encoder

        if "encoder" not in self.record["architecture"]:
            game = self.record["game"]["_target_"].split(".")[-2]
            raise InputError(
                f"{self.checkpoint}: game={game} trains no encoder; take a run of a game that does, as game=vae"
            )
        encoder = self.network("encoder")
        if not isinstance(encoder, Encoder):
            raise InputError(f"{self.checkpoint}: architecture.encoder is a {type(encoder).__name__}")
        return encoder

    @cached_property
    def game(self) -> "Game":
        """The game that was played."""
        return recorded_game(self.record)

    @cached_property
    def data(self) -> "ImageData | PointData":
        """The data set of the run, downloaded if necessary; with a warning if it has changed since the checkpoint."""
        from saddle.run.same_data import warn_of_other_data

        data = recorded_data(self._data_settings, self.makes_points, self._class_names)
        warn_of_other_data(self._mark, data, self.checkpoint)
        return data

    @property
    def image_data(self) -> "ImageData":
        """The data set, as `data`; raises InputError if the run was trained on points."""
        from saddle.data.module import ImageData

        if not isinstance(self.data, ImageData):
            raise InputError(f"{self.checkpoint} makes points, and this is for images: take a run on images")
        return self.data

    @property
    def point_data(self) -> "PointData":
        """The data set, as `data`; raises InputError if the run was trained on images."""
        from saddle.data.points import PointData

        if not isinstance(self.data, PointData):
            raise InputError(f"{self.checkpoint} makes images, and this is for points: take a run on points")
        return self.data
