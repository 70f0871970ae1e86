"""What to type for metrics of images that no extractor comes with saddle for."""

import inspect
import json
import re
import sys
from typing import Any

from saddle.callback.quality import Quality
from saddle.config.checked import CheckedConfig
from saddle.config.node import Node
from saddle.config.override import quoted
from saddle.data.module import ImageData
from saddle.factory.run import Run
from saddle.rank import is_first
from saddle.terminal import quoted_for_shell

_NOT_OF_IMAGES = ("batch_size", "cache", "license", "memory_mib")
_FILE = "extractor.safetensors"


def say_unmeasured(config: CheckedConfig, run: Run) -> None:
    """Say on stderr how to get metrics, if the run measures images by an extractor that is not there."""
    lacks_one = isinstance(run.data, ImageData) and run.data.extractor is None
    if not is_first() or not lacks_one:
        return
    if any(isinstance(callback, Quality) and callback.choice == "auto" for callback in run.trainer.callbacks):
        print(
            "no metrics: no extractor comes with saddle for these images. To measure them, train one, and name it by "
            f"callback.quality.extractor={_FILE}:\n  {extractor_command(config.data)} --out {_FILE}",
            file=sys.stderr,
        )


def extractor_command(data: Node) -> str:
    """The command, without --out, that trains an extractor for this data."""
    words = [f"data={data.option}"]
    for name, parameter in data.parameters.items():
        if name in data.settings and name not in _NOT_OF_IMAGES:
            value = data.settings[name]
            if parameter.default is inspect.Parameter.empty or value != parameter.default:
                words.append(f"data.{name}={_as_text(value)}")
    return " ".join(["saddle extractor", *map(quoted_for_shell, words)])


def _as_text(value: Any) -> str:
    """A plain value as it stands in an override."""
    if isinstance(value, str):
        return value if re.fullmatch(r"[\w./~-]+", value) else quoted(value)
    return json.dumps(value, separators=(",", ":"))
