"""The first lines of a run: what is about to happen, and where to watch it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import nn

from saddle.bound import height_and_width
from saddle.callback.budget import Budget
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.samples import SampleGrids
from saddle.callback.scheduled import Patient
from saddle.data.image_search import some_in_a_line
from saddle.data.memory import MemoryData
from saddle.data.module import ImageData
from saddle.file import relative
from saddle.terminal import labeled, labeled_whole, quoted_for_shell
from saddle.training.module import GameModule

WIDTH = 10
"""The column in which what stands behind the labels begins, also that of the line about time."""

_SMALL = 100_000  # parameters that are written out


class Opening(Patient):
    """Says on stderr, once before training, which run this is, its data, networks, device, length and where to watch.

    The lines have at most 80 columns, but for paths and commands, which stand whole. `data_name` is the option of the
    group `data`; `hardware` is what makes a precision fast that was chosen for the machine, None where none was.
    """

    def __init__(self, folder: str, data_name: str, hardware: str | None = None) -> None:
        self.folder, self.data_name, self.hardware = Path(folder), data_name, hardware

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        if trainer.is_global_zero:
            print(self.text(trainer, module), file=sys.stderr, flush=True)

    def text(self, trainer: GameTrainer, module: GameModule) -> str:
        """All lines."""
        lines = [labeled_whole("run", _run_in_words(self.folder, module), WIDTH, sys.stderr)]
        described = {
            "data": f"{self.data_name}: {data_in_words(trainer.datamodule.data, module.networks)}",
            "networks": networks_in_words(module.networks),
            "device": self._device(trainer, module),
            "length": length_in_words(trainer, module),
        }
        lines += [labeled(label, text, WIDTH, sys.stderr) for label, text in described.items()]
        if any(isinstance(callback, SampleGrids) for callback in trainer.callbacks):
            lines.append(labeled_whole("samples", str(relative(self.folder / "samples")), WIDTH, sys.stderr))
        if any(isinstance(logger, TensorBoardLogger) for logger in trainer.loggers):
            command = f"tensorboard --logdir {quoted_for_shell(relative(self.folder))}"
            lines.append(labeled_whole("watch", command, WIDTH, sys.stderr))
        return "\n".join(lines)

    def _device(self, trainer: GameTrainer, module: GameModule) -> str:
        """What computes, in which precision, and by which executor."""
        device = _name_of(module.device)
        if trainer.world_size > 1:
            device = f"{trainer.world_size} processes, each on {device}"
        precision = str(trainer.precision)
        if self.hardware is not None:
            precision = f"{precision}, which this machine computes fast ({self.hardware})"
        return f"{device}; {precision}; {type(module.executor).__name__.lower()} executor"


def _run_in_words(folder: Path, module: GameModule) -> str:
    """The folder of a run, and where the run begins if that is not at the beginning."""
    done, branch = module.clock.iteration, module.record.get("branch")
    if isinstance(branch, Mapping) and branch.get("iteration") == done:
        return f"{relative(folder)}, a branch of {branch['run']} after iteration {done:,}"
    return str(relative(folder)) if done == 0 else f"{relative(folder)}, goes on after iteration {done:,}"


def data_in_words(data: MemoryData, networks: Mapping[str, nn.Module]) -> str:
    """How many rows the data has, their form, and the classes: by name where they have names."""
    text = f"{data.rows_in_use():,} {data.rows_are}"
    if isinstance(data, ImageData):
        height, width = height_and_width(data.image_size)
        text += f" of {height}x{width} pixels, {data.channels} {'channel' if data.channels == 1 else 'channels'}"
    return text + _classes_in_words(data.class_names, networks)


def _classes_in_words(names: list[str], networks: Mapping[str, nn.Module]) -> str:
    """The classes behind what else the data is, in a line of their own where they have names."""
    if not names:
        return ", no labels"
    number = f"{len(names)} {'class' if len(names) == 1 else 'classes'}"
    are_numbers = names == [str(number) for number in range(len(names))]
    text = f", {number}" if are_numbers else f"\n{number}: {some_in_a_line(names)}"
    are_told = any(getattr(network, "classes", 0) for network in networks.values())
    return text if are_told else f"{text}; the networks are not told them (architecture.conditional=false)"


def networks_in_words(networks: Mapping[str, nn.Module]) -> str:
    """Each network with its number of parameters, and how many of them are not trained."""
    parts: list[str] = []
    for name, network in networks.items():
        parameters = list(network.parameters())
        frozen = sum(parameter.numel() for parameter in parameters if not parameter.requires_grad)
        text = f"{name.replace('_', ' ')} {_short(sum(parameter.numel() for parameter in parameters))}"
        parts.append(f"{text} ({_short(frozen)} frozen)" if frozen else text)
    return f"{', '.join(parts)} parameters"


def _short(number: int) -> str:
    """A number of parameters, in thousands or millions where it is large."""
    if number < _SMALL:
        return f"{number:,}"
    return f"{number / 1e3:,.0f}k" if number < 1e6 else f"{number / 1e6:,.1f}M"


def _name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} {'thread' if threads == 1 else 'threads'}" if device.type == "cpu" else device.type


def length_in_words(trainer: GameTrainer, module: GameModule) -> str:
    """The limits of a run, in words; the first that is reached ends it."""
    rows_are = trainer.datamodule.data.rows_are
    limits: list[str] = []
    if trainer.max_steps > 0:
        limits.append(f"{trainer.max_steps:,} iterations of {module.rows:,} {rows_are}")
        limits[-1] += f", {trainer.max_steps * module.rows:,} in all{_rates_in_words(trainer, module)}"
    if trainer.max_epochs is not None and trainer.max_epochs > 0:
        limits.append(f"{trainer.max_epochs:,} passes over the data")
    limits += [text for callback in trainer.callbacks for text in _limits_of(callback)]
    if not limits:
        return "no limit: Ctrl-C ends the run with a checkpoint"
    return limits[0] if len(limits) == 1 else f"the first of: {'; '.join(limits)}"


def _rates_in_words(trainer: GameTrainer, module: GameModule) -> str:
    """Where the rates stop to fall, if that is before the end, as where a run goes on for longer than planned."""
    horizons = [schedule.horizon_images for schedule in module.schedules.values() if schedule.shape != "constant"]
    if not horizons or max(horizons) >= trainer.max_steps * module.rows:
        return ""
    return f"; rates keep their last value from {max(horizons):,} on"


def _limits_of(callback: Any) -> list[str]:
    """The limit that a callback sets, in words; nothing if it sets none."""
    if isinstance(callback, Budget):
        return [f"{callback.cpu_seconds:,g} CPU seconds, more by the clock where other programs compute"]
    remaining = callback.time_remaining() if isinstance(callback, Timer) else None
    return [] if remaining is None else [f"{remaining:,.0f} seconds"]
