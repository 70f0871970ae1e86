"""The last lines of a run: its values, which way each is better, what they mean, and what to do next."""

import sys
import textwrap
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import Callback
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import TensorBoardLogger

from saddle.callback.game_metrics import GameMetrics
from saddle.callback.hook import GameTrainer
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import Quality
from saddle.data.module import ImageData
from saddle.file import relative
from saddle.metric.base import PREFIX, Direction
from saddle.terminal import COLUMNS, labeled_whole, quoted_for_shell
from saddle.training.module import GameModule

_COUNTS = ("iterations", "images", "seconds", "images_per_second")
_INDENT = "  "
_WIDTH = 8
"""The column in which what stands behind the labels begins, after the indent."""

_MEANINGS = {
    "probability/D_x": "D_x and D_G_z: sigmoids of D's logits for real and for generated images, on average. Above 0.5 "
    "D takes images for real. Both are 0.5 where it cannot tell them apart.",
    "probability/real_above_fake": "real_above_fake: how often D ranks a real image above a generated one. 1 is "
    "always, 0.5 is chance. A single logit means nothing under this loss.",
}
"""What D's output means, by the curve that stands for it (`saddle.callback.scalars`)."""

_LOSSES = "Do not judge a GAN by its losses: look at the samples and the metrics."

_WEB_RUNTIME = "1.30.0"  # the version of onnxruntime-web that docs/export.md names
_WEB_CHANNELS = (1, 3, 4)
_WEB_PACKAGES = ("onnx", "onnxscript", "onnxruntime")


def closing_text(trainer: GameTrainer, module: GameModule, folder: Path, summary: Mapping[str, Any]) -> str:
    """The table of a `summary`, what its values mean, and where to look."""
    lines = [*_counts(summary), *_metrics(trainer, module, summary), *_meanings(summary)]
    lines += ["", f"  metric  {_stamp_in_words(summary, _why_unmeasured(trainer))}"]
    lines += [f"  stopped {reason}" for reason in _reasons_to_stop(trainer.callbacks)]
    places = {"run": str(relative(folder))}
    grids = sorted((folder / "samples").glob("*.png"))
    if grids:
        places["grid"] = str(relative(grids[-1]))
    if any(isinstance(logger, TensorBoardLogger) for logger in trainer.loggers):
        places["curves"] = f"tensorboard --logdir {quoted_for_shell(relative(folder))}"
    elif (folder / "metrics.csv").is_file():
        places["curves"] = str(relative(folder / "metrics.csv"))
    lines.append("")
    lines += [_INDENT + labeled_whole(label, place, _WIDTH, sys.stdout) for label, place in places.items()]
    for number, command in enumerate(next_commands(trainer, module, folder, summary)):
        lines.append(_INDENT + labeled_whole("next" if number == 0 else "", command, _WIDTH, sys.stdout))
    return "\n".join(["", *lines, ""])


def closing_of_job(trainer: GameTrainer, folder: Path, summary: Mapping[str, Any]) -> str:
    """The few lines of a job of a sweep, whose table at the end says the rest."""
    counts = f"{summary['iterations']:,} iterations, {summary['images']:,} images, {summary['seconds']:,.0f} seconds"
    values = [f"{name} {value:.4f}" for name, value in summary["metrics"].items() if name.startswith(PREFIX)]
    lines = textwrap.wrap(", ".join([counts, *values]), COLUMNS, initial_indent=_INDENT, subsequent_indent=_INDENT)
    lines += [f"  stopped {reason}" for reason in _reasons_to_stop(trainer.callbacks)]
    return "\n".join([*lines, _INDENT + labeled_whole("run", str(relative(folder)), _WIDTH, sys.stdout)])


def _counts(summary: Mapping[str, Any]) -> list[str]:
    """Counts and those curves that no quality is read from."""
    rows = [(name, f"{summary[name]:,}") for name in _COUNTS]
    for name, value in summary["metrics"].items():
        if name.count("/") == 1 and not name.startswith(PREFIX):
            rows.append((name, f"{value:.4f}"))
    width = _width(summary)
    return [f"  {name:<{width}}  {value:>12}" for name, value in rows]


def _width(summary: Mapping[str, Any]) -> int:
    return max(len(name) for name in (*_COUNTS, *summary["metrics"]) if name.count("/") <= 1)


def _metrics(trainer: GameTrainer, module: GameModule, summary: Mapping[str, Any]) -> list[str]:
    """The metrics, what real data score beside them where that is known, and which way is better."""
    values = {name: value for name, value in summary["metrics"].items() if name.startswith(PREFIX)}
    if not values:
        return []
    real: Mapping[str, float] = summary["real"] or summary["halves"] or {}
    title = "real data" if summary["real"] else "real halves"
    directions, width = directions_of(trainer, module), _width(summary)
    lines = ["", f"  {'':<{width}}  {'samples':>12}" + (f"  {title:>12}" if real else "") + "  better"]
    for name, value in values.items():
        other = f"{real[name]:>12.4f}" if name in real else f"{'-':>12}"
        floor = f"  {other}" if real else ""
        lines.append(f"  {name:<{width}}  {value:>12.4f}{floor}  {directions.get(name, '')}".rstrip())
    return lines


def directions_of(trainer: GameTrainer, module: GameModule) -> dict[str, Direction]:
    """Which values of each metric are better, by its name among the curves."""
    directions: dict[str, Direction] = {}
    for callback in trainer.callbacks:
        if isinstance(callback, Quality | PointQuality):
            for metric in callback.metrics.values():
                directions |= metric.directions
        elif isinstance(callback, GameMetrics):
            directions |= module.game.measures
    return {f"{PREFIX}{name}": direction for name, direction in directions.items()}


def _meanings(summary: Mapping[str, Any]) -> list[str]:
    """What D's output means under the run's loss, and what no loss of a GAN does, in lines."""
    lines: list[str] = []
    for name, meaning in _MEANINGS.items():
        if name in summary["metrics"]:
            text = f"{meaning} {_LOSSES}"
            lines += ["", *textwrap.wrap(text, COLUMNS, initial_indent=_INDENT, subsequent_indent=_INDENT)]
    return lines


def _why_unmeasured(trainer: GameTrainer) -> str:
    """Why nothing was measured in images, in words."""
    for callback in trainer.callbacks:
        if isinstance(callback, Quality) and callback.choice == "none":
            return "callback.quality.extractor=none"
        if isinstance(callback, Quality):
            return "no extractor comes with saddle for this data (saddle extractor trains one)"
    return "callback.quality, which measures images, is not used"


def _stamp_in_words(summary: Mapping[str, Any], why_unmeasured: str) -> str:
    stamp = summary["stamp"]
    if stamp is None and summary["data"]["image_size"] is None:
        return "none: callback.points, which measures points, is not used"
    if stamp is None:
        return f"none: {why_unmeasured}"
    if not any(name.startswith(PREFIX) for name in summary["metrics"]):
        return "not measured yet: saddle evaluate, below, does"
    if "points" in stamp:
        return (
            f"{stamp['generated']:,} samples of the {stamp['network']} against {stamp['points']}, std {stamp['std']:g}"
        )
    return (
        f"{stamp['generated']:,} samples of the {stamp['network']}, {stamp['real']:,} training images, features of "
        f"{stamp['extractor']}"
    )


def _reasons_to_stop(callbacks: Iterable[Callback]) -> list[str]:
    """Why Lightning's EarlyStopping ended the run, in its words; nothing if it did not."""
    reasons: list[str] = []
    for callback in callbacks:
        if isinstance(callback, EarlyStopping) and callback.stopping_reason_message is not None:
            reasons.append(callback.stopping_reason_message)
    return reasons


def next_commands(trainer: GameTrainer, module: GameModule, folder: Path, summary: Mapping[str, Any]) -> list[str]:
    """Three commands that work for this very run as they stand, quoted for the shell."""
    run = quoted_for_shell(relative(folder))
    film = f"saddle film {run} --out {_free('film', '.gif')}"
    evaluate = film if summary["stamp"] is None else f"saddle evaluate {run}{_extractor(trainer)}"
    commands = [_sampling(module, trainer, run), evaluate, _last_command(module, trainer, run) or film]
    return list(dict.fromkeys(commands))


def _sampling(module: GameModule, trainer: GameTrainer, run: str) -> str:
    """The command that shows what the generator makes; of one class where it is told classes."""
    data, classes = trainer.datamodule.data, getattr(module.networks["generator"], "classes", 0)
    if module.game.reads == "source":
        return f"saddle translate {run} --out {_free('translations', '.png')}"
    label = ""
    if classes and module.label_shares is not None:
        most = max(range(classes), key=module.label_shares.__getitem__)  # some classes may have no image
        label = f" --label {quoted_for_shell(data.class_names[most])}"
    num = 64 if isinstance(data, ImageData) else 2500
    return f"saddle sample {run}{label} --num {num} --out {_free('samples', '.png')}"


def _extractor(trainer: GameTrainer) -> str:
    """The option of `saddle evaluate` that names the extractor, where it was named by a file."""
    for callback in trainer.callbacks:
        if isinstance(callback, Quality) and callback.choice not in ("auto", "none"):
            return f" --extractor {quoted_for_shell(callback.choice)}"
    return ""


def _last_command(module: GameModule, trainer: GameTrainer, run: str) -> str | None:
    """What the run's networks offer beyond samples: reconstructions, a page, or ways between images."""
    data = trainer.datamodule.data
    if not isinstance(data, ImageData):
        return None
    if "encoder" in module.networks:
        return f"saddle reconstruct {run} --out {_free('reconstructions', '.png')}"
    if data.channels in _WEB_CHANNELS and all(find_spec(name) is not None for name in _WEB_PACKAGES):
        return f"saddle export {run} --format web --runtime-version {_WEB_RUNTIME} --out {_free('page', '')}"
    if module.game.reads == "latent":
        return f"saddle interpolate {run} --out {_free('interpolation', '.png')}"
    return None


def _free(name: str, ending: str) -> str:
    """A name in the current folder that nothing has: tools overwrite nothing."""
    number = 1
    while Path(f"{name}{'' if number == 1 else f'-{number}'}{ending}").exists():
        number += 1
    return f"{name}{'' if number == 1 else f'-{number}'}{ending}"
