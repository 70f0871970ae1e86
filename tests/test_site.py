"""The site: every setting of every group has a type and a meaning, and every page has its place."""

import re

import pytest
import yaml
from sitebuild import settings
from sitebuild.links import OF_ROOT, from_root, with_links
from sitebuild.meaning import meaning_of
from sitebuild.pages import GROUPS, reference_pages
from sitebuild.words import in_words
from sitebuild.yaml_file import read

from helpers import REPOSITORY
from saddle import bound
from saddle.schedule import Schedule


@pytest.fixture(scope="module")
def options():
    """The options of all groups, with their settings."""
    return [option for group in settings.groups() for option in settings.options(group)]


@pytest.fixture(scope="module")
def pages():
    """The pages of the reference."""
    return reference_pages()


def test_every_setting_has_a_type_and_a_meaning(options):
    """A comment behind the setting in its file under conf/, or words in the docstring of its class."""
    found = [(option.file.path.name, setting) for option in options for setting in option.settings]
    assert len(found) > 500
    assert [(file, setting.name) for file, setting in found if not (setting.kind and setting.meaning)] == []


def test_every_setting_outside_of_the_groups_has_a_type_and_a_meaning():
    found = [*settings.top_settings(), *settings.schedule_settings()]
    assert len(found) > 10
    assert [setting.name for setting in found if not (setting.kind and setting.meaning)] == []


def test_a_setting_without_a_meaning_would_be_noticed(tmp_path):
    file = tmp_path / "dragan.yaml"
    file.write_text(
        "dragan:\n  _target_: saddle.penalty.dragan.Dragan\n  weight: 10.0\n  unknown: 1\n  said: 2  # words\n"
    )
    found = {one.name.split(".")[-1]: one for one in settings.option_of("penalty", file).settings}
    assert found["weight"].meaning == "`weight` is the paper's lambda."
    assert found["said"].meaning == "words"
    assert found["unknown"].meaning is None
    assert found["unknown"].kind == ""


def test_an_option_that_begins_as_another_has_its_settings_and_meanings():
    residual = settings.option_of("architecture", settings.CONF / "architecture" / "residual.yaml")
    found = {setting.name: setting for setting in residual.settings}
    assert found["architecture.generator.blocks"].default == 1
    assert found["architecture.generator.blocks"].meaning.startswith("residual blocks of two 3x3 convolutions")
    assert found["architecture.discriminator.packing"].default == 1


def test_comments_are_read_where_they_stand(tmp_path):
    file = tmp_path / "option.yaml"
    file.write_text("# At the top.\na: [1, 2]  # two\nb:  # below\n  c: '# no comment'\n  d: null\n")
    option = read(file)
    assert option.header == "At the top."
    assert option.content.plain == {"a": [1, 2], "b": {"c": "# no comment", "d": None}}
    entries = option.content.entries
    assert (entries["a"].comment, entries["b"].comment) == ("two", "below")
    assert [entry.comment for entry in entries["b"].entries.values()] == [None, None]


def test_types_and_ranges_in_words():
    assert in_words(bound.Count) == "integer ≥ 1"
    assert in_words(bound.Size) == "integer in 1..65536"
    assert in_words(bound.Beta) == "number in [0, 1)"
    assert in_words(bound.Positive | None) == "number > 0 or null"
    assert in_words(bound.Sizes) == "1 to 100: list of integer in 1..65536"
    assert in_words(bound.ImageSize) == "integer in 1..4096 or [integer in 1..4096, integer in 1..4096]"
    assert in_words(bound.Normalization) == "none, batch, spectral"


def test_meanings_come_from_docstrings():
    assert meaning_of("warmup_images", Schedule) == "It rises linearly from 0 to 1 over `warmup_images`."
    assert meaning_of("nothing", Schedule) is None


def nav_pages(nav) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [page for entry in entries for page in nav_pages(entry)]


def nav() -> list[str]:
    text = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    return nav_pages(yaml.safe_load(text)["nav"])


def test_every_page_is_in_the_navigation(pages):
    """A new page of docs/ needs a line under `nav` in mkdocs.yml."""
    docs = REPOSITORY / "docs"
    files = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    expected = files | pages.keys() | set(OF_ROOT.values())
    assert sorted(nav()) == sorted(expected)


def test_every_group_has_a_page_with_all_of_its_options(options, pages):
    assert {group.split("/")[0] for group in settings.groups()} == GROUPS.keys()
    for option in options:
        page = pages[f"reference/{option.group.split('/')[0]}.md"]
        assert re.search(rf"^### `(.*=)?{option.name}`$", page, re.MULTILINE), option.name
        plain = page.replace("<wbr>", "")
        assert all(f"| <code>{setting.name}</code> |" in plain for setting in option.settings)


def test_rows_of_tables_have_as_many_cells_as_their_heads(pages):
    tables = 0
    for name, page in pages.items():
        for table in re.findall(r"^(?:\|.*\|\n)+", page, re.MULTILINE):
            tables += 1
            cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
            assert len(cells) == 1, f"{name}: {table}"
    assert tables > 50


def test_mentions_of_pages_become_links_outside_of_blocks():
    titles = {"games.md": "The games", "reference/loss.md": "`loss`"}
    text = "See docs/games.md, (`docs/games.md`), [here](docs/games.md), docs/none.md.\n```sh\nls docs/games.md\n```\n"
    assert with_links(text, "toy.md", titles) == (
        "See [The games](games.md), ([The games](games.md)), [here](docs/games.md), docs/none.md.\n"
        "```sh\nls docs/games.md\n```\n"
    )
    assert with_links("docs/games.md", "reference/loss.md", titles) == "[The games](../games.md)"
    assert with_links("docs/games.md", "games.md", titles) == "docs/games.md"


def test_links_of_files_in_the_root_are_moved():
    text = "[a](docs/games.md#vae) ![b](docs/figures/games.png) [c](CONTRIBUTING.md) [d](https://arxiv.org/abs/1)"
    assert from_root(text) == (
        "[a](games.md#vae) ![b](figures/games.png) [c](contributing.md) [d](https://arxiv.org/abs/1)"
    )


def prose(markdown: str) -> str:
    """The text of a page without blocks, tables and pictures."""
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^(?:\||!\[).*$", "", text, flags=re.MULTILINE)


def test_the_readme_is_short_and_its_pages_are_links():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(prose(text).split()) < 900
    assert prose("a b\n```sh\nc\n```\n| d |\n![e](f.png)\n").split() == ["a", "b"]
    assert re.findall(r"(?<![(/])docs/[\w/]+\.md", text) == []
