"""A config file with its comments, which say what its settings mean."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_COMMENT = re.compile(r"\s+# (.*)$")


@dataclass(frozen=True)
class Entry:
    """A line of a config file: `value` is a plain value, or entries by name; `comment` stands behind it."""

    value: Any
    comment: str | None = None

    @property
    def entries(self) -> dict[str, "Entry"]:
        """The entries below; none if it is a plain value."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def plain(self) -> Any:
        """The value without comments."""
        if isinstance(self.value, dict):
            return {name: entry.plain for name, entry in self.value.items()}
        return self.value


@dataclass(frozen=True)
class ConfigFile:
    """An option of a group: `header` is the comment at its top, `bases` are the files that its `defaults` name."""

    path: Path
    header: str
    is_global: bool
    """Whether its settings are those of the whole config, and not of its group alone."""
    body: str
    """The file without its header."""
    defaults: list[Any] = field(default_factory=list)
    content: Entry = field(default_factory=lambda: Entry({}))


@cache
def read(path: Path) -> ConfigFile:
    """The config file at `path`."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    first = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
    header = [line.removeprefix("#").strip() for line in lines[:first]]
    is_global = "@package _global_" in header
    header = [line for line in header if not line.startswith("@package")]
    node = yaml.compose(text)
    content = _entry(node, lines, None).entries if node is not None else {}
    defaults = content.pop("defaults", Entry([])).value
    body = "\n".join(lines[first:]).strip()
    return ConfigFile(path, "\n".join(header).strip(), is_global, body, defaults, Entry(content))


def _entry(node: yaml.Node, lines: list[str], comment: str | None) -> Entry:
    if not isinstance(node, yaml.MappingNode):
        return Entry(_plain(node), comment)
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        is_nested = isinstance(value, yaml.MappingNode) and value.start_mark.line > key.end_mark.line
        mark = key.end_mark if is_nested else value.end_mark
        entries[str(key.value)] = _entry(value, lines, _comment(lines, mark))
    return Entry(entries, comment)


def _plain(node: yaml.Node) -> Any:
    constructor = yaml.SafeLoader("")
    return constructor.construct_object(node, deep=True)  # type: ignore[no-untyped-call]


def _comment(lines: list[str], mark: yaml.Mark) -> str | None:
    """What stands behind a value in its line."""
    if mark.line >= len(lines):
        return None
    found = _COMMENT.search(lines[mark.line][mark.column :])
    return found[1] if found else None
