"""The settings of one part of a run, checked: the class that is built from them, and its arguments."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saddle.config.options import options_where


@dataclass(frozen=True)
class Node:
    """A class and the settings that its constructor receives, as plain values; `path` is their place in the config."""

    path: str
    target: type
    settings: Mapping[str, Any]

    @property
    def option(self) -> str:
        """The option of its group that names this class; without one, the name of the class's file."""
        file = self.target.__module__.rpartition(".")[2]
        if self.target.__module__.startswith("saddle."):
            return file  # saddle's options are named after their files
        group, _, part = self.path.partition(".")
        names = options_where(group, lambda target: target is self.target, part or None)
        return names[0] if names else file

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The constructor's parameters by name."""
        return inspect.signature(self.target).parameters

    def with_settings(self, settings: Mapping[str, Any]) -> "Node":
        """The same part with these settings in place of its own of the same names."""
        return Node(self.path, self.target, {**self.settings, **settings})

    def completed_by(self, values: Mapping[str, Any]) -> "Node":
        """The same part with those of `values` that are parameters of its constructor; its own settings win."""
        parameters = self.parameters
        missing = {name: value for name, value in values.items() if name in parameters}
        return Node(self.path, self.target, {**missing, **self.settings})

    def plain(self) -> dict[str, Any]:
        """The node as it stands in a config."""
        return {"_target_": f"{self.target.__module__}.{self.target.__qualname__}", **self.settings}
