"""What a parameter means, as the docstring of its class or of one of the bases says it."""

import ast
import inspect
import re
import textwrap
from functools import cache

_SENTENCE = re.compile(r"(?<=[.:])\s+(?=[A-Z`\"(])")


def meaning_of(parameter: str, target: type) -> str | None:
    """The words about a parameter in the docstrings of a class and its bases; None if there are none.

    A line of a list that begins with the parameter's name says it best, then the text under an attribute, then a
    sentence that names the parameter.
    """
    for cls in target.__mro__:
        if not cls.__module__.startswith("saddle"):
            continue
        for found in (_bullet, _attribute, _sentence):
            words = found(parameter, cls)
            if words:
                return words
    return None


def summary(target: type) -> str:
    """The first paragraph of a class's docstring."""
    return (inspect.getdoc(target) or "").split("\n\n")[0].replace("\n", " ")


def source_of(target: type) -> str:
    """The first paragraph of the docstring of the module that defines a class, which names its paper."""
    module = inspect.getmodule(target)
    return (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ")


def _own_docstring(cls: type) -> str:
    text = cls.__dict__.get("__doc__") or ""
    return inspect.cleandoc(text)


def _bullet(parameter: str, cls: type) -> str | None:
    for item in re.split(r"^- ", _own_docstring(cls), flags=re.MULTILINE)[1:]:
        names, colon, words = item.partition(": ")
        if colon and f"`{parameter}`" in names:
            return " ".join(words.split("\n\n")[0].split())
    return None


def _attribute(parameter: str, cls: type) -> str | None:
    words = _attribute_texts(cls).get(parameter)
    return " ".join(words.split()) if words else None


def _sentence(parameter: str, cls: type) -> str | None:
    for paragraph in _own_docstring(cls).split("\n\n"):
        for sentence in _SENTENCE.split(" ".join(paragraph.split())):
            if f"`{parameter}`" in sentence and not sentence.startswith("Raises"):
                return sentence
    return None


@cache
def _attribute_texts(cls: type) -> dict[str, str]:
    """The text under each annotated name of a class body."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(definition, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            texts[field.target.id] = str(after.value.value)
    return texts
