"""Hooks of MkDocs: the pages that are not files of docs/ are made here, and mentions of pages become links."""

import os
import re
import sys
from pathlib import Path

os.environ.pop("SADDLE_PLUGINS", None)  # the site is about saddle alone
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "src")]

from mkdocs.config.defaults import MkDocsConfig  # noqa: E402
from mkdocs.exceptions import PluginError  # noqa: E402
from mkdocs.structure.files import File, Files  # noqa: E402
from mkdocs.structure.pages import Page  # noqa: E402

from sitebuild.links import OF_ROOT, from_root, title_of, with_links  # noqa: E402
from sitebuild.pages import reference_pages  # noqa: E402

ROOT = Path(__file__).parents[2]
FROM_ROOT = {name: file for file, name in OF_ROOT.items()}
"""Pages of the site that are files in the repository's root."""

_REMOTE = re.compile(r"<(?:script|img|link rel=.stylesheet.)[^>]*(?:src|href)=[\"']?https?://[^>]*>")
_titles: dict[str, str] = {}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the root and the reference."""
    pages = {name: from_root((ROOT / file).read_text(encoding="utf-8")) for name, file in FROM_ROOT.items()}
    for name, content in {**pages, **reference_pages()}.items():
        files.append(File.generated(config, name, content=content))
    for file in files.documentation_pages():
        _titles[file.src_uri] = title_of(file.content_string, file.name)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn mentions of pages into links."""
    return with_links(markdown, page.file.src_uri, _titles)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that loads anything from elsewhere: the site is read without a network, too."""
    remote = _REMOTE.search(output)
    if remote:
        raise PluginError(f"{page.file.src_uri} loads from elsewhere: {remote[0]}")
    return output
