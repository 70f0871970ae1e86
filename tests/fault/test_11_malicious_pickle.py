"""Fault 11: whatever a checkpoint's pickle asks for, nothing in it is executed, and little memory is taken."""

import functools
import io
import os
import pickle
import struct
import subprocess
import sys
import time
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import command
from saddle.error import InputError
from saddle.metric.inception import Inception
from saddle.seal import seal
from saddle.training.checkpoint import MARK, read_checkpoint

WATCHED = ("os.", "subprocess.", "exec", "compile", "socket.", "shutil.", "ctypes.", "import", "webbrowser.", "ftplib.")
_seen: list[str] | None = None


def _note(event: str, arguments: tuple) -> None:
    if _seen is not None and event.startswith(WATCHED) and event not in ("os.listdir", "os.scandir"):
        _seen.append(f"{event} {arguments}")
    if _seen is not None and event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        _seen.append(f"{event} {arguments}")


for codec in ("cp437", "raw_unicode_escape"):  # of names in zip files, of text in pickles: imported at its first use
    b"a".decode(codec)
sys.addaudithook(_note)


def archive(pickled: bytes, **parts: bytes) -> bytes:
    """A checkpoint file, sealed, with this pickle and further parts by name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, value in {"data.pkl": pickled, "version": b"3\n", "byteorder": b"little", **parts}.items():
            made.writestr(f"a/{name}", value)
    seal(content)
    return content.getvalue()


def read_watched(path) -> object:
    """What the reader gives or raises; AssertionError if it ran, wrote or imported anything on its way."""
    global _seen
    _seen = []
    try:
        result = read_checkpoint(path)
    except InputError as error:
        result = error
    finally:
        seen, _seen = _seen, None
    assert seen == []
    return result


def refused(path) -> str:
    result = read_watched(path)
    assert isinstance(result, InputError)
    assert len(str(result).splitlines()) == 1
    return str(result)


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def path(tmp_path):
    torch.save({"w": torch.zeros(2)}, tmp_path / "warm.ckpt")
    with pytest.raises(InputError):
        read_checkpoint(tmp_path / "warm.ckpt")  # what torch imports at its first use is no finding
    return tmp_path / "a.ckpt"


TRACE = "touch executed"
CALLS = {
    "os.system": Call(os.system, TRACE),
    "eval": Call(eval, "__import__('os').system('touch executed')"),
    "exec": Call(exec, "open('executed', 'w')"),
    "open": Call(open, "executed", "w"),
    "subprocess": Call(subprocess.Popen, ["touch", "executed"]),
    "torch.load": Call(functools.partial(torch.load, "nested.pt", weights_only=False)),
    "torch.hub": Call(torch.hub.load, "a/b", "c"),
    "bytearray": Call(bytearray, 10**12),
    "set": Call(set, "abc"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_calls_are_not_made(name, protocol, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    pickled = pickle.dumps({MARK: CALLS[name], "state_dict": {}}, protocol)
    torch.save(CALLS["os.system"], path.with_name("nested.pt"), _use_new_zipfile_serialization=False)
    path.write_bytes(archive(pickled))
    assert "so it was not read" in refused(path)
    assert not path.with_name("executed").exists()


@pytest.mark.parametrize(
    "pickled",
    [
        b"(S'touch executed'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'touch executed'\no.",  # OBJ
        b"\x80\x04\x8c\x02os\x8c\x06system\x93(\x8c\x0etouch executedtR.",  # STACK_GLOBAL
        b"\x80\x02cos\nsystem\n)\x81.",  # NEWOBJ
        b"\x80\x02ccollections\nOrderedDict\n)R}X\x0a\x00\x00\x00__class__0cos\nsystem\nsb.",  # BUILD
        b"\x80\x02\x82\x01.",  # EXT1
        b"Ptouch executed\n.",  # PERSID
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(NNNNNNtR.",
        b"\x80\x02ctorch\nload\n(X\x09\x00\x00\x00nested.pttR.",
        b"\x80\x02ctorch.serialization\nload\n.",
    ],
)
def test_opcodes_by_hand(pickled, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.write_bytes(archive(pickled))
    refused(path)
    assert not path.with_name("executed").exists()


def test_torch_has_the_last_word_too(path, monkeypatch):
    """The list of names is a second wall: without it torch's own reader refuses the same."""
    monkeypatch.setattr("saddle.training.checkpoint._names", lambda path: set())
    path.write_bytes(archive(pickle.dumps({MARK: CALLS["os.system"]}, 2)))
    assert "holds more than tensors and plain values" in refused(path)


def tensor_pickle(numel: int, size: int, stride: int) -> bytes:
    """{"w": a tensor} of a storage of `numel` floats."""
    number = lambda value: b"\x8a\x08" + struct.pack("<q", value)  # noqa: E731
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + number(numel)
    shape = number(0) + number(size) + b"\x85" + number(stride) + b"\x85"
    return (
        b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + b"tQ"
        + shape
        + b"\x89ccollections\nOrderedDict\n)RtRs."
    )


@pytest.mark.parametrize(
    ("numel", "size", "stride", "message"),
    [
        (4, 4, 1, "not written by saddle"),  # sound, so that the others are refused for what is changed
        (10**9, 4, 1, "is damaged"),  # more than the file holds
        (4, 10**12, 1, "is damaged"),
        (4, -1, 1, "is damaged"),
        (4, 10**12, 0, "not written by saddle"),  # takes no memory
    ],
)
def test_sizes_that_lie(numel, size, stride, message, path):
    path.write_bytes(archive(tensor_pickle(numel, size, stride), **{"data/0": bytes(16)}))
    assert message in refused(path)


def test_names_that_leave_the_archive_make_no_files(path):
    content = io.BytesIO()
    torch.save({MARK: {}, "state_dict": {}}, content)
    with zipfile.ZipFile(content, "a") as made:
        made.writestr("../../outside", "x")
        made.writestr("/outside", "x")
    path.write_bytes(content.getvalue())
    before = set(path.parent.parent.iterdir())
    refused(path)
    assert set(path.parent.parent.iterdir()) == before


# programs of opcodes, some sensible, some not

GLOBALS = st.sampled_from(
    [
        *("os system", "posix system", "builtins eval", "builtins getattr", "builtins bytearray", "torch load"),
        *("collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch FloatStorage", "torch UntypedStorage"),
        *("torch.nn.parameter Parameter", "torch._tensor _rebuild_from_type_v2", "collections Counter", "torch Size"),
    ]
)
TEXT = st.text(max_size=8)
OPCODES = st.one_of(
    st.sampled_from([b")", b"}", b"]", b"(", b"t", b"\x85", b"\x86", b"\x87", b"R", b"\x81", b"b", b"s", b"u", b"a"]),
    st.sampled_from([b"e", b"0", b"1", b"2", b"N", b"\x88", b"\x89", b"Q", b"q\0", b"h\0", b"\x93", b"o", b"\x94"]),
    GLOBALS.map(lambda name: b"c%s\n" % name.replace(" ", "\n").encode()),
    GLOBALS.map(lambda name: b"i%s\n" % name.replace(" ", "\n").encode()),
    st.integers(-(2**31), 2**31 - 1).map(lambda value: b"J" + struct.pack("<i", value)),
    st.sampled_from([2**40, -1, 10**12]).map(lambda value: b"\x8a\x08" + struct.pack("<q", value)),
    (st.sampled_from([MARK, "state_dict", "clock", "storage", "0"]) | TEXT).map(
        lambda text: b"X" + struct.pack("<I", len(text.encode())) + text.encode()
    ),
    st.binary(min_size=1, max_size=4),
    st.integers(0, 2**32 - 1).map(lambda index: b"r" + struct.pack("<I", index)),  # LONG_BINPUT
    st.just(b"B\xff\xff\xff\x7f") | st.just(b"X\xff\xff\xff\x7f"),  # more than there is
)
PROGRAMS = st.lists(OPCODES, max_size=25).map(lambda parts: b"\x80\x02" + b"".join(parts) + b".")


def play(program: bytes, folder) -> None:
    path = folder / "a.ckpt"
    path.write_bytes(archive(program, **{"data/0": bytes(16)}))
    begun = time.process_time()
    result = read_watched(path)
    assert time.process_time() - begun < 2
    assert isinstance(result, dict | InputError)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("programs")
    (made / "a.ckpt").write_bytes(archive(tensor_pickle(4, 4, 1), **{"data/0": bytes(16)}))
    with pytest.raises(InputError, match="not written by saddle"):
        read_checkpoint(made / "a.ckpt")
    return made


@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(PROGRAMS)
def test_any_program_ends_in_content_or_a_sentence(folder, program):
    play(program, folder)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(PROGRAMS)
def test_many_programs(folder, program):
    play(program, folder)


def test_the_file_of_inception_is_read_no_otherwise(path, monkeypatch):
    pytest.importorskip("torch_fidelity")
    monkeypatch.chdir(path.parent)
    other = path.with_suffix(".pth")
    for content in (
        *(archive(pickle.dumps(CALLS[name], 2)) for name in ("os.system", "eval", "torch.load")),
        b"",
        b"text",
        b"\x80\x02.",
        archive(b"\x80\x02(."),
        archive(b"\x80\x02h\x07."),
        pickle.dumps(CALLS["os.system"]),
    ):
        other.write_bytes(content)
        with pytest.raises(InputError, match="not the weights of Inception") as caught:
            Inception(other)
        assert len(str(caught.value).splitlines()) == 1
    assert not path.with_name("executed").exists()


def test_a_tool_refuses_it_in_one_line(path):
    path.write_bytes(archive(pickle.dumps({MARK: CALLS["os.system"]}, 2)))
    result = command("-m", "saddle", "sample", str(path), "--out", str(path.with_name("o.png")), cwd=path.parent)
    assert result.returncode == 2
    message = f"{path}: holds more than tensors and plain values ('posix system'), so it was not read\n"
    assert result.stderr == message
    assert {p.name for p in path.parent.iterdir()} == {"a.ckpt", "warm.ckpt"}
