import io
import os
import shlex
import sys

import pytest

from saddle.terminal import (
    COLUMNS,
    has_color,
    labeled,
    labeled_whole,
    output_of_a_guest,
    prepare_output,
    quoted_for_shell,
)


@pytest.mark.parametrize("text", ["a/b", "it's", "a b", "$x", ""])
def test_a_shell_of_posix_reads_the_word_back(monkeypatch, text):
    monkeypatch.setattr("os.name", "posix")
    assert shlex.split(f"command {quoted_for_shell(text)}") == ["command", text]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (r"C:\runs\a", r"C:\runs\a"),
        (r"resume=C:\my runs\a", r'"resume=C:\my runs\a"'),
        ("C:\\my runs\\", r'"C:\my runs\\"'),
        ("it's", '''"it's"'''),
        ("a,b", '"a,b"'),
        (r"a\"b", r'"a\\\"b"'),
        ("", '""'),
    ],
)
def test_windows_has_double_quotes_only(text, word):
    from saddle.terminal import _for_windows

    assert _for_windows(text) == word


def test_a_character_that_the_terminal_lacks_is_printed_as_an_escape(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", errors="strict")
    monkeypatch.setattr(sys, "stdout", narrow)
    with pytest.raises(UnicodeEncodeError):
        print("run 試", flush=True)
    prepare_output()
    print("größe 試", flush=True)
    assert narrow.buffer.getvalue().decode("cp1252").endswith("größe \\u8a66\n")
    monkeypatch.setattr(sys, "stdout", None)  # as under pythonw
    prepare_output()


def test_a_stream_that_fails_drops_what_it_gets(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(sys, "stdout", open(writer, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    with pytest.raises(OSError):
        print("lost", flush=True)
    prepare_output()
    for _ in range(2):
        print("lost", flush=True)
    sys.stdout.writelines(["lost\n", "lost\n"])


def test_a_guest_leaves_the_streams_of_its_host(monkeypatch):
    streams = sys.stdout, sys.stderr
    with output_of_a_guest():
        assert (sys.stdout, sys.stderr) != streams
        print("kept")
    assert (sys.stdout, sys.stderr) == streams


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "expected"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),  # no-color.org: where it is not empty
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_color_is_for_terminals_whose_user_has_not_refused_it(monkeypatch, stream, variables, expected):
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert has_color(stream) is expected
    assert ("\x1b[" in labeled("run", "a", 10, stream)) is expected


def test_lines_are_wrapped_behind_their_label_but_for_commands():
    text = "many words " * 20
    lines = labeled("data", text, 10, io.StringIO()).splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert " ".join(line[10:] for line in lines) == text.strip()
    assert {line[:10] for line in lines} == {"data      ", " " * 10}
    assert labeled_whole("watch", text, 10, io.StringIO()) == f"watch     {text}"
