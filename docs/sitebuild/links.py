"""Names of pages in running text become links: `docs/games.md` is written so for readers of the files."""

import posixpath
import re
from collections.abc import Callable

OF_ROOT = {
    "README.md": "index.md",
    "README.zh.md": "index.zh.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Files in the repository's root, and the names of their pages."""

_FENCE = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)
_PAGE = re.compile(r"(?<!\]\()(?<![\w/\[`])(`?)docs/([\w/-]+\.md)\1(?![\w\]`])")
_LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")


def with_links(markdown: str, page: str, titles: dict[str, str]) -> str:
    """The text of a page whose mentions of other pages are links with their titles; blocks of code stay."""

    def link(found: re.Match[str]) -> str:
        name = found[2]
        if name not in titles or name == page:
            return found[0]
        return f"[{titles[name]}]({posixpath.relpath(name, posixpath.dirname(page) or '.')})"

    return _outside_of_blocks(markdown, lambda text: _PAGE.sub(link, text))


def from_root(markdown: str) -> str:
    """The text of a file in the repository's root, with its links as they are from the folder docs."""

    def moved(found: re.Match[str]) -> str:
        target = found[1]
        path, _, anchor = target.partition("#")
        path = OF_ROOT.get(path, path.removeprefix("docs/"))
        return f"]({path}{'#' + anchor if anchor else ''})"

    return _outside_of_blocks(markdown, lambda text: _LINK.sub(moved, text))


def title_of(markdown: str, otherwise: str) -> str:
    """The first heading of a page."""
    found = re.search(r"^# (.+)$", markdown, re.MULTILINE)
    return found[1] if found else otherwise


def _outside_of_blocks(markdown: str, change: Callable[[str], str]) -> str:
    parts = _FENCE.split(markdown)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))
