"""Losses, logits, gradient norms, learning rates, speed and counts: rows of metrics.csv and curves in TensorBoard."""

import csv
import time
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from torch import Tensor

from saddle.callback.hook import GameTrainer, hook
from saddle.callback.loggers import log_values
from saddle.callback.scalars import scalars_of
from saddle.callback.scheduled import Patient
from saddle.callback.watching import let_judge
from saddle.file import replacing
from saddle.training.module import GameModule


class Curves(Patient):
    """Logs the module's scalars every `trainer.log_every_n_steps` iterations and at the last one.

    Each logged point becomes a row of `path` (metrics.csv); every logger receives the same values under the number of
    the iteration. Values of several ranks are averaged. On resume, rows after the checkpoint are removed.

    On all ranks the last values are `trainer.callback_metrics`, at the end of each epoch those of its last iteration.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.latest: dict[str, float] = {}
        """The last logged values by name."""

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        self._time, self._images = time.perf_counter(), module.clock.images
        before: dict[str, float] = {}
        if trainer.is_global_zero and not trainer.fast_dev_run:
            cut_rows(self.path, module.clock.iteration)
            self.latest = last_row(self.path)
            before = last_values(self.path)
        announce(trainer, trainer.strategy.broadcast(before))  # as if the run had not been interrupted

    @hook
    def on_train_batch_end(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        if module.is_logged() or trainer.should_stop:
            self._log(trainer, module)

    @hook
    def on_train_epoch_end(self, trainer: GameTrainer, module: GameModule) -> None:
        """Announce the scalars of the last iteration, which Lightning's callbacks judge at the end of an epoch."""
        if module.played:
            announce(trainer, self._reduced(trainer, module))

    @hook
    def on_train_end(self, trainer: GameTrainer, module: GameModule) -> None:
        if self.latest.get("iteration") != module.clock.iteration and module.played:
            self._log(trainer, module)

    def add(self, iteration: int, values: dict[str, float]) -> None:
        """Add values to those of an iteration, in metrics.csv and in `latest`."""
        self.latest |= {"iteration": iteration, **values}
        widen_row(self.path, {"iteration": iteration, **values})

    def _log(self, trainer: GameTrainer, module: GameModule) -> None:
        values = self._reduced(trainer, module) | trainer.strategy.broadcast(self._counts(module))
        module.gradient_norms.clear()  # a later row has them only if they were measured again
        self.latest = {"iteration": module.clock.iteration, **values}
        if trainer.is_global_zero and not trainer.fast_dev_run:
            append_row(self.path, self.latest)
            log_values(trainer, module.clock.iteration, values)
        announce(trainer, values)
        let_judge(trainer, module, values)

    def _reduced(self, trainer: GameTrainer, module: GameModule) -> dict[str, float]:
        """The module's scalars, averaged over the ranks."""
        scalars = scalars_of(module)
        if trainer.world_size > 1:
            local = torch.stack([value.detach().float() for value in scalars.values()]).to(module.device)
            means = trainer.strategy.reduce(local, reduce_op="mean")
            assert isinstance(means, Tensor)
            scalars = dict(zip(scalars, means, strict=True))
        return {name: float(value) for name, value in scalars.items()}

    def _counts(self, module: GameModule) -> dict[str, float]:
        """Images, images per second since the last row, CPU seconds, and each turn's updates and learning rate."""
        now, images = time.perf_counter(), module.clock.images
        speed = (images - self._images) / max(now - self._time, 1e-9)
        self._time, self._images = now, images
        counts = {"images": images, "images_per_second": speed, "cpu_seconds": module.clock.cpu_seconds}
        for turn in module.turns:
            counts[f"updates/{turn.name}"] = module.clock.updates[turn.name]
            counts[f"learning_rate/{turn.name}"] = module.wrapped[turn.name].param_groups[0]["lr"]
        return counts


def names_of_counts(module: GameModule) -> list[str]:
    """The names of what `Curves` adds to the module's scalars."""
    names = ["images", "images_per_second", "cpu_seconds"]
    for turn in module.turns:
        names += [f"updates/{turn.name}", f"learning_rate/{turn.name}"]
    return names


def announce(trainer: GameTrainer, values: dict[str, float]) -> None:
    """Make the values known to callbacks that monitor a metric, such as Lightning's EarlyStopping."""
    for name, value in values.items():
        trainer.callback_metrics[name] = torch.tensor(value)


def append_row(path: Path, row: dict[str, float]) -> None:
    """Add a row to a CSV file; if the row has new columns, the file is rewritten with them."""
    fields = list(row)
    if path.exists():
        fields = _header(path) or fields
        if set(row) - set(fields):
            rows = _read(path)
            fields += [name for name in row if name not in fields]
            _write(path, fields, rows)
    else:
        _write(path, fields, [])
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, fields).writerow(row)


def widen_row(path: Path, row: dict[str, float]) -> None:
    """Add the values of `row` to the last row of a CSV file if that has the same `iteration`, else as a new row."""
    rows = _read(path) if path.exists() else []
    if rows and rows[-1].get("iteration") == str(row["iteration"]):
        rows[-1] |= {name: str(value) for name, value in row.items()}
        _write(path, list(rows[-1]), rows)
    else:
        append_row(path, row)


def last_row(path: Path) -> dict[str, float]:
    """The numbers in the last row of a CSV file; nothing if there is none."""
    rows = _read(path) if path.exists() else []
    if not rows:
        return {}
    return {name: float(value) for name, value in rows[-1].items() if value}


def last_values(path: Path) -> dict[str, float]:
    """The last number in each column of a CSV file but the iteration; nothing if there is none."""
    values: dict[str, float] = {}
    for row in _read(path) if path.exists() else []:
        values |= {name: float(value) for name, value in row.items() if value and name != "iteration"}
    return values


def values_in(path: Path, name: str) -> dict[int, float]:
    """The values in one column of a CSV file by iteration; nothing if there is no file or column."""
    values: dict[int, float] = {}
    for row in _read(path) if path.exists() else []:
        if row.get(name):
            values[int(float(row["iteration"]))] = float(row[name])
    return values


def cut_rows(path: Path, iteration: int) -> None:
    """Drop the rows of `path` that come after `iteration`."""
    if not path.exists():
        return
    rows = _read(path)
    past = [row for row in rows if row.get("iteration") and float(row["iteration"]) <= iteration]
    if len(past) < len(rows):
        _write(path, _header(path), past)


def _header(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(path: Path, fields: list[str], rows: list[dict[str, str]]) -> None:
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)
