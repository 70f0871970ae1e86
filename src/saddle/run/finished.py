"""A finished run, opened from its checkpoint, which is verified and read once.

torch takes seconds to import. Functions import it, so that a path without a run is refused at once.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from saddle.error import InputError
from saddle.memory import too_much
from saddle.run.checkpoint import checkpoint_of
from saddle.run.curves import Curve, read_curves
from saddle.run.record import build_recorded, is_on_points, recorded_data, recorded_game

if TYPE_CHECKING:
    from torch import Tensor, nn

    from saddle.architecture.base import Encoder, Generator
    from saddle.data.module import ImageData
    from saddle.data.points import PointData
    from saddle.game.turn import Game
    from saddle.training.encoding import Codes

_BYTES_PER_NUMBER = 8  # float32, twice: in a part of the samples, and in all parts joined


class FinishedRun:
    """A run whose checkpoint has been verified and read; networks and data are built at their first use.

    Networks are on the CPU, in evaluation mode, with averaged weights if the run averages them.
    """

    def __init__(self, checkpoint: Path, content: dict[str, Any]) -> None:
        from saddle.training.checkpoint import MARK

        self.checkpoint = checkpoint
        """The checkpoint file that was read."""
        self.record: dict[str, Any] = content[MARK]["record"]
        """The settings of training as plain values, each part with all of its arguments."""
        self.iteration: int = content[MARK]["clock"]["iteration"]
        """The number of iterations before the checkpoint was saved."""
        self.images: int = content[MARK]["clock"]["images"]
        """The number of training images (or points) in those iterations, with repetitions."""
        self._state: dict[str, Tensor] = content["state_dict"]
        self._networks: dict[str, nn.Module] = {}
        self._data: dict[tuple[str, ...], ImageData | PointData] = {}

    @classmethod
    def open(cls, path: Path | str) -> "FinishedRun":
        """Verify and read the checkpoint at `path`, a run folder or a checkpoint file.

        In a folder it is last.ckpt. If that is damaged, the latest sound one before it is used, with a warning on
        stderr. Raises InputError, in one sentence, if there is none.
        """
        path = Path(path).expanduser()
        checkpoint = checkpoint_of(path)
        from saddle.training.checkpoint import read_checkpoint, read_sound_checkpoint

        if path.is_file():
            return cls(checkpoint, read_checkpoint(checkpoint))
        return cls(checkpoint, read_sound_checkpoint(checkpoint))  # `checkpoint_of` has verified it

    def __repr__(self) -> str:
        return f"FinishedRun({str(self.checkpoint)!r}, iteration {self.iteration:,})"

    # from the checkpoint

    @property
    def folder(self) -> Path | None:
        """The run's folder; None for a checkpoint file that lies elsewhere."""
        parent = self.checkpoint.parent
        if parent == Path():  # the current folder is the folder of checkpoints
            parent = parent.absolute()
        return parent.parent if parent.name == "checkpoints" else None

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

    # from the run's folder

    @property
    def summary(self) -> dict[str, Any]:
        """The content of summary.json; raises InputError if training has not ended or the folder is unknown."""
        summary: dict[str, Any] = json.loads(self._file("summary.json").read_text(encoding="utf-8"))
        return summary

    def metrics(self) -> dict[str, Curve]:
        """The curves in metrics.csv by name, as "loss/generator"; raises InputError if there is no such file."""
        return read_curves(self._file("metrics.csv"))

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
        from torch import nn

        from saddle.training.checkpoint import check_fits
        from saddle.training.sampling import ready

        state, nodes = self._state, self.record.get("architecture", {})
        if name not in nodes or not _begin_with(f"{name}.", state):
            raise InputError(f"{self.checkpoint}: this checkpoint holds no {name}")
        network: nn.Module = build_recorded(f"architecture.{name}", nodes[name], nn.Module)
        prefix = f"{name}."
        average_prefix = f"ema.networks.{name}."
        if _begin_with(average_prefix, state):
            prefix = average_prefix
        check_fits(state, network, self.checkpoint, prefix)
        weights = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        network.load_state_dict(weights)
        return ready(network, self.seed)

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

    def data(self, settings: Sequence[str] = ()) -> "ImageData | PointData":
        """The data set of the run, downloaded if necessary; rows are read at their first use.

        `settings` may hold "data.root=FOLDER", if the data was moved. Raises InputError for any other setting.
        """
        key = tuple(settings)
        if key not in self._data:
            self._data[key] = recorded_data(self.record, settings)
        return self._data[key]

    def image_data(self, settings: Sequence[str] = ()) -> "ImageData":
        """The data set, as `data`; raises InputError if the run was trained on points."""
        from saddle.data.module import ImageData

        data = self.data(settings)
        if not isinstance(data, ImageData):
            raise InputError(f"{self.checkpoint} makes points, and this is for images: take a run on images")
        return data

    def point_data(self) -> "PointData":
        """The data set, as `data`; raises InputError if the run was trained on images."""
        from saddle.data.points import PointData

        data = self.data()
        if not isinstance(data, PointData):
            raise InputError(f"{self.checkpoint} makes images, and this is for points: take a run on points")
        return data

    # outputs of the networks

    def sample(
        self,
        num: int,
        seed: int = 0,
        labels: "int | Tensor | None" = None,
        truncation: float | None = None,
        sources: "Tensor | None" = None,
    ) -> "Tensor":
        """`num` images, uint8 (num, C, H, W), or in a toy problem `num` points, float32 (num, 2).

        Sample i depends on `seed` and i alone, so that a larger `num` begins with the same samples. `labels`, one class
        or int64 (num,), are the classes of a conditional generator's samples, by default all classes in turn.
        `truncation` truncates the latent at that many standard deviations. `sources`, uint8 (M, C, H, W), are the
        inputs of a generator that translates, by default held-out images of the run's data.

        Raises InputError for an argument that the generator does not read, and if the samples do not fit into memory.
        """
        from saddle.training.sampling import images_from

        if self.reads == "source":
            if labels is not None or truncation is not None:
                self.check_reads_latent("labels and truncation")
            sources = self.sources(num) if sources is None else sources
        elif sources is not None:
            raise InputError(f"sources: the images of {self.checkpoint} are made of noise, not of images")
        self.check_memory(num, f"num={num}")
        return images_from(self.generator, num, seed, self.labels(num, labels), truncation, sources)

    def labels(self, num: int, labels: "int | Tensor | None" = None) -> "Tensor | None":
        """The labels of `num` samples, int64 (num,): one class, `labels` themselves, or all classes in turn.

        None if the generator takes no labels. Raises InputError for a class that the generator does not know.
        """
        import torch

        from saddle.training.sampling import all_labels

        if labels is None:
            return all_labels(self.generator, num) if self.classes else None
        classes = torch.as_tensor(labels)
        if classes.dim() > 0 and classes.shape != (num,):
            raise InputError(f"labels: expected one class or {num} of them, found {tuple(classes.shape)}")
        for label in classes.unique().tolist():
            self.check_label(label, f"labels={label}")
        return classes.expand(num)

    def check_label(self, label: int, setting: str) -> None:
        """Raise InputError, which begins with `setting`, if the generator does not know the class `label`."""
        if self.classes == 0:
            raise InputError(f"{setting}: {self.checkpoint} takes no labels; train with architecture.conditional=true")
        if not 0 <= label < self.classes:
            raise InputError(f"{setting}: {self.checkpoint} knows the classes 0 to {self.classes - 1}")

    def check_reads_latent(self, setting: str) -> None:
        """Raise InputError, which begins with `setting`, if the generator translates images."""
        if self.reads == "source":
            raise InputError(f"{setting}: {self.checkpoint} translates images, without label or latent: leave it out")

    def check_memory(self, num: int, setting: str) -> None:
        """Raise InputError, which begins with `setting`, if `num` is below 1 or too large for memory."""
        if num < 1:
            raise InputError(f"{setting}: use at least 1")
        data = self.record["data"]
        numbers = 2 if self.makes_points else data["channels"] * data["image_size"] ** 2
        if self.reads == "latent":
            numbers += self.generator.latent_dim
        excess = too_much(num * numbers * _BYTES_PER_NUMBER)
        if excess:
            raise InputError(f"{setting} needs {excess}: use less")

    def sources(self, num: int, settings: Sequence[str] = ()) -> "Tensor | None":
        """At most `num` held-out images, uint8 (M, C, H, W), for a generator that translates; None for another one."""
        from saddle.training.sampling import sources_for

        if self.reads != "source":
            return None
        return sources_for(self.generator, self.data(settings), num)

    def encode(self, images: "Tensor") -> "Codes":
        """The codes of images (N, C, H, W), uint8 or float in [-1, 1]; raises InputError if there is no encoder."""
        from saddle.training.encoding import codes_of

        return codes_of(self.encoder, images)


def _begin_with(prefix: str, state: "dict[str, Tensor]") -> bool:
    """Whether the name of any tensor begins with `prefix`."""
    return any(key.startswith(prefix) for key in state)
