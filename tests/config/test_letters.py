import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from saddle.config.letters import readable_by_hydra
from saddle.error import InputError


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("data.root=C:\\Users\\Jörg\\Bilder", "C:\\Users\\Jörg\\Bilder"),
        ("data.root=größe 試/", "größe 試/"),
        ("data.root=ende-ß\\", "ende-ß\\"),
        ("data.root='schon größe'", "schon größe"),
    ],
)
def test_hydra_reads_letters_beyond_ascii(argument, value):
    [readable] = readable_by_hydra([argument])
    assert OverridesParser.create().parse_override(readable).value() == value


def test_a_share_of_windows_keeps_both_backslashes(monkeypatch):
    argument, share = r"data.root=\\computer\my share", r"\\computer\my share"
    monkeypatch.setattr("saddle.config.letters._is_windows", lambda: False)
    [readable] = readable_by_hydra([argument])
    assert OverridesParser.create().parse_override(readable).value() == r"\computer\my share"  # it escapes the next one
    monkeypatch.setattr("saddle.config.letters._is_windows", lambda: True)
    [readable] = readable_by_hydra([argument])
    assert OverridesParser.create().parse_override(readable).value() == share


def test_all_else_stays_as_it_was():
    arguments = ["-m", "seed=1,2", "+x=[a,b]", "objective=ä,ö", "ä", "keep='ä'"]
    assert readable_by_hydra(arguments) == arguments


def test_letters_that_the_locale_lacks_are_refused():
    with pytest.raises(InputError, match=r"data\.root=l.udcc3.udca4ufe: this name has bytes that are no letters"):
        readable_by_hydra(["data.root=l\udcc3\udca4ufe"])
