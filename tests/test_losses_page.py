"""docs/losses.md has each loss and penalty with the papers of its file and its default."""

import re

import pytest
import yaml

from helpers import REPOSITORY

PAGE = (REPOSITORY / "docs" / "losses.md").read_text(encoding="utf-8")
FILES = [file for group in ("loss", "penalty") for file in sorted((REPOSITORY / "conf" / group).glob("*.yaml"))]
PARTS = [file for file in FILES if "_target_: saddle.penalty" in file.read_text() or file.parent.name == "loss"]


@pytest.mark.parametrize("file", PARTS, ids=lambda file: file.stem)
def test_a_row_has_the_papers_and_the_default(file):
    source = (REPOSITORY / "src" / "saddle" / file.parent.name / f"{file.stem}.py").read_text(encoding="utf-8")
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{file.stem}` |")]
    said = re.findall(r"\d{4}\.\d{4,5}|eq\. \d+(?: and \d+)?|section \d(?:\.\d)?|algorithm \d", source.splitlines()[0])
    assert said
    assert [words for words in said if words not in row] == []
    settings = yaml.safe_load(file.read_text(encoding="utf-8")).get(file.stem, {})
    default = settings.get("weight", settings.get("limit"))
    assert default is None or row.endswith(f"| {float(default)} |")
