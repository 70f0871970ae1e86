from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from saddle.config.override import key_of, quoted, value_of


@pytest.mark.parametrize("text", ["a b", "it's", r"back\slash", r"end\ ".strip(), r"both\'", r"\\", "a=b,c", "'", '"'])
def test_a_quoted_path_is_read_back_by_hydra_and_here(text):
    override = f"resume={quoted(Path(text))}"
    assert OverridesParser.create().parse_override(override).value() == text
    assert value_of(override) == text


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("seed=1", "seed", "1"),
        ("+loss='a'", "loss", "a"),
        ('~loss="a"', "loss", "a"),
        ("~callback.health", "callback.health", ""),
        ("resume=it's", "resume", "it's"),
        ("x='", "x", "'"),
        ("x=", "x", ""),
        ("penalty=[r1,r2]", "penalty", "[r1,r2]"),
    ],
)
def test_an_override_has_a_key_and_a_value_without_quotes(override, key, value):
    assert (key_of(override), value_of(override)) == (key, value)
