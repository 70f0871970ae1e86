import pytest

from saddle.config.grammar import parsed, unquoted


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("seed=3", "seed", 3),
        ("data.root='a b'", "data.root", "a b"),
        ('+x="7"', "x", "7"),
        ("resume=null", "resume", None),
        ("penalty=[r1,r2]", "penalty", ["r1", "r2"]),
    ],
)
def test_an_override_is_read_as_hydra_reads_it(text, key, value):
    override = parsed(text)
    assert override.key_or_group == key
    assert unquoted(override.value()) == value


@pytest.mark.parametrize("text", ["data.root=a(b", "no setting", "--multirun", "-m", "--config-dir=x"])
def test_what_hydra_cannot_read_and_flags_are_none(text):
    assert parsed(text) is None
