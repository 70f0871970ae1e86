"""What is known of a run's pictures and machine before it is built."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from saddle.bound import height_and_width
from saddle.config.signature import import_target
from saddle.config.trainer_flags import computes_on_cuda
from saddle.file import expanded
from saddle.memory import free_bytes


@dataclass(frozen=True)
class Facts:
    """The size, channels and number of a run's pictures, and what it computes on."""

    height: int
    width: int
    """In pixels, as networks see them."""
    channels: int
    classes: int
    """0: no labels."""
    pictures: int | None
    """How many are trained on; None if that is unknown before they are read."""
    on_gpu: bool
    free_bytes: int | None
    """The memory that is free where it computes; None if the system does not say."""
    files: tuple[str, ...] = ()
    """The paths of the image files of a folder, relative to it."""

    @property
    def pixels(self) -> int:
        """The number of pixels of a picture."""
        return self.height * self.width

    @property
    def side(self) -> float:
        """The side in pixels of a square with as many pixels."""
        return float(self.pixels**0.5)

    def sentence(self) -> str:
        """The facts in words."""
        number = "pictures" if self.pictures is None else f"{self.pictures:,} image files, read as pictures"
        channels = f"{self.channels} channel" + ("" if self.channels == 1 else "s")
        labels = f"{self.classes} classes" if self.classes else "no classes"
        memory = "" if self.free_bytes is None else f" with {self.free_bytes / 2**30:.0f} GiB free"
        device = "a GPU" if self.on_gpu else "CPU"
        return f"{number} of {self.height}x{self.width} pixels, {channels}, {labels}, on {device}{memory}"


_KEY = "saddle.facts"
"""Where OmegaConf's cache of a config keeps its facts, so that the folder is listed once."""


def facts_of(root: DictConfig) -> Facts:
    """The facts of the composed config `root`, whose settings may be wrong in any way.

    Raises InputError, an error of OmegaConf, AttributeError, KeyError, OSError, TypeError or ValueError if they are.
    """
    cache = OmegaConf.get_cache(root)
    if _KEY not in cache:
        cache[_KEY] = _facts(root.data, computes_on_cuda({"accelerator": root.trainer.accelerator}))
    found: Facts = cache[_KEY]
    return found


def _facts(data: DictConfig, on_gpu: bool) -> Facts:
    size = data.image_size
    height, width = height_and_width(size if isinstance(size, int) else (int(size[0]), int(size[1])))
    channels, classes, files = int(data.channels), int(data.classes), _files(data)
    number = None if files is None else len(files) if data.limit is None else min(len(files), int(data.limit))
    return Facts(height, width, channels, classes, number, on_gpu, _free_bytes(on_gpu), files or ())


def _files(data: DictConfig) -> tuple[str, ...] | None:
    """The image files in the folder of `data`; None for data that is in no folder."""
    from saddle.data.image_folder import ImageFolder  # imports torch
    from saddle.data.image_search import search_data

    target = import_target("data", data._target_)
    if not (isinstance(target, type) and issubclass(target, ImageFolder)):
        return None
    return tuple(search_data(Path(expanded(data.root)), "data.root").names)


def _free_bytes(on_gpu: bool) -> int | None:
    if on_gpu:
        import torch

        return torch.cuda.mem_get_info()[0]
    return free_bytes()
