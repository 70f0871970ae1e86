"""Pages in Chinese say what their originals say: the same commands, code, links, pictures, formulas and numbers."""

import ast
import re
from collections import Counter
from dataclasses import dataclass

import jupytext
import pytest

from documented import shell_lines
from helpers import REPOSITORY

PAIRS = {"docs/tutorial.md": "docs/tutorial.zh.md", "README.md": "README.zh.md"}
"""Pages and their translations."""

FIRST_SCREEN = {"README.md": 3}
"""Of these pages only so many sections are translated. One more section of the translation says where the rest is."""

NOTEBOOKS = {"examples/first_gan.py": "examples/first_gan.zh.py"}
"""Notebooks and their translations."""

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_FORMULA = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?")
_HEADING = re.compile(r"^(#+) .*$", re.MULTILINE)
_ANCHOR = re.compile(r'^<a id="[\w-]+"></a>$', re.MULTILINE)
_OTHER_LANGUAGE = re.compile(r"^\[(?:English|中文)\]\(\S+\)$", re.MULTILINE)


@dataclass(frozen=True)
class Content:
    """What a section has beside its words."""

    level: int
    blocks: list[str]
    formulas: list[str]
    links: list[str]
    pictures: list[str]
    inline: Counter[str]
    numbers: Counter[str]
    rows: int
    items: int


def without_comments(kind: str, block: str) -> str:
    """A block of code as text that neither comments nor docstrings change."""
    if kind == "python":
        return ast.dump(without_docstrings(ast.parse(block)))
    if kind in ("sh", "bash"):
        return "\n".join(shell_lines(f"```sh\n{block}```"))
    return block


def without_docstrings(module: ast.Module) -> ast.Module:
    """The module, whose functions' docstrings are empty."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Expr(ast.Constant(""))
    return module


def content_of(section: str) -> Content:
    """What one section has."""
    blocks = [f"{kind}: {without_comments(kind, block)}" for kind, block in _BLOCK.findall(section)]
    text = _OTHER_LANGUAGE.sub("", _ANCHOR.sub("", _BLOCK.sub("", section)))
    formulas = [" ".join(formula.split()) for formula in _FORMULA.findall(text)]
    text = _FORMULA.sub("", text)
    links = _LINK.findall(text)
    text = re.sub(r"\]\([^)\s]+\)", "]", text)
    inline = Counter(" ".join(code.split()) for code in _INLINE.findall(text))
    words = _INLINE.sub("", text)
    return Content(
        level=len(re.match(r"#*", section)[0]),
        blocks=blocks,
        formulas=formulas,
        links=[target for mark, target in links if not mark],
        pictures=[target for mark, target in links if mark],
        inline=inline,
        numbers=Counter(_NUMBER.findall(words)),
        rows=len(re.findall(r"^\|", text, re.MULTILINE)),
        items=len(re.findall(r"^(?:- |\d+\. )", text, re.MULTILINE)),
    )


def sections(page: str) -> list[str]:
    """A page, taken apart before its headings; a `#` in a block is none."""
    hidden = _BLOCK.sub(lambda block: re.sub(r"[^\n]", ".", block[0]), page)
    starts = [heading.start() for heading in _HEADING.finditer(hidden)]
    return [page[start:end] for start, end in zip(starts, [*starts[1:], len(page)], strict=True)]


def anchors(page: str) -> set[str]:
    """The places of a page that its own links may name."""
    titles = [heading.lstrip("# ") for heading in re.findall(r"^#+ .*$", page, re.MULTILINE)]
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a id="([\w-]+)"></a>', page))


_ONE = "# One\n\nSet `a=1`, [see](x.md#y) 3 of 4.\n\n```sh\nls -l # list\n```\n"


def test_what_differs_is_noticed():
    one, two = sections(f"{_ONE}\n## Two\n\n$$x$$\n\n![p](p.png)\n- a\n")
    assert (one.splitlines()[0], two.splitlines()[0]) == ("# One", "## Two")
    said = content_of(one)
    assert said == content_of("# 一\n\n4 个里的 3 个，[看](x.md#y)，设 `a=1`。\n\n```sh\nls -l # 列出\n```\n")  # noqa: RUF001
    changes = [("a=1", "a=2"), ("x.md", "z.md"), ("3", "5"), ("ls -l", "ls"), ("# One", "## One")]
    for old, new in changes:
        assert said != content_of(one.replace(old, new)), (old, new)
    for old, new in [("$$x$$", "$$y$$"), ("p.png", "q.png"), ("- a", "- a\n- b")]:
        assert content_of(two) != content_of(two.replace(old, new)), (old, new)
    assert len(sections("# A\n```sh\n# no heading\n```\n")) == 1


@pytest.mark.parametrize(("original", "translation"), PAIRS.items())
def test_a_page_in_chinese_has_what_its_original_has(original, translation):
    first, second = (sections((REPOSITORY / name).read_text(encoding="utf-8")) for name in (original, translation))
    if original in FIRST_SCREEN:
        assert len(second) == FIRST_SCREEN[original] + 1
        first, second = first[: FIRST_SCREEN[original]], second[:-1]
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert content_of(one) == content_of(other), other.splitlines()[0]


def cells(name: str) -> list[str]:
    """The cells of a notebook as sections of a page."""
    notebook = jupytext.read(REPOSITORY / name, fmt="py:percent")
    is_code = [cell.cell_type == "code" for cell in notebook.cells]
    sources = [cell.source for cell in notebook.cells]
    return [f"```python\n{one}\n```\n" if code else one for one, code in zip(sources, is_code, strict=True)]


@pytest.mark.parametrize(("original", "translation"), NOTEBOOKS.items())
def test_a_notebook_in_chinese_has_what_its_original_has(original, translation):
    first, second = cells(original), cells(translation)
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert content_of(one) == content_of(other), other
        assert one.startswith("```python") or re.search(r"[\u4e00-\u9fff]", other)


@pytest.mark.parametrize("page", PAIRS.values())
def test_a_page_in_chinese_is_in_chinese_and_its_links_lead_somewhere(page):
    path = REPOSITORY / page
    text = path.read_text(encoding="utf-8")
    for section in sections(text):
        assert re.search(r"[\u4e00-\u9fff]", _OTHER_LANGUAGE.sub("", section)), section
    assert len(_OTHER_LANGUAGE.findall(text)) == 1
    for _, target in _LINK.findall(text):
        file, _, anchor = target.partition("#")
        if not target.startswith("http"):
            assert (path.parent / file).exists(), target
            assert not anchor or file or anchor in anchors(text), target
