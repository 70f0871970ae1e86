"""Fault 10: a flipped bit is found by the digest; the one before is used if that was not asked for by name."""

import contextlib

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import differences, train, trained
from saddle.error import InputError
from saddle.training.checkpoint import FORMAT, MARK, read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO

CONTENT = {
    MARK: {
        "format": FORMAT,
        "clock": {"iteration": 3, "images": 24, "updates": {"generator": 3}},
        "record": {"seed": 0},
    },
    "state_dict": {"w": torch.arange(30.0), "b": torch.zeros(3, dtype=torch.int64)},
    "optimizer_states": [{"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-3}]}],
}
POSITION = st.integers(0, 10**6)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), POSITION, st.integers(0, 7)),
        st.tuples(st.just("put"), POSITION, st.binary(min_size=1, max_size=20)),
        st.tuples(st.just("insert"), POSITION, st.binary(min_size=1, max_size=20)),
        st.tuples(st.just("cut"), POSITION, st.integers(1, 200)),
        st.tuples(st.just("copy"), POSITION, POSITION),
    ),
    min_size=1,
    max_size=6,
)


def edited(content: bytes, edits: list[tuple]) -> bytes:
    for kind, where, what in edits:
        at = where % (len(content) + 1)
        if kind == "flip" and at < len(content):
            content = content[:at] + bytes([content[at] ^ 1 << what]) + content[at + 1 :]
        elif kind in ("put", "insert"):
            content = content[:at] + what + content[at + (len(what) if kind == "put" else 0) :]
        elif kind == "cut":
            content = content[:at] + content[at + what :]
        elif kind == "copy":
            content = content[:at] + content[what % (len(content) + 1) :]
    return content


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("flipped") / "a.ckpt"
    AtomicCheckpointIO().save_checkpoint(CONTENT, path)
    return path, path.read_bytes()


def test_every_flipped_bit_is_found(saved):
    path, content = saved
    for position in range(0, 8 * len(content), 5):
        path.write_bytes(edited(content, [("flip", position // 8, position % 8)]))
        with pytest.raises(InputError):
            read_checkpoint(path)


def check(saved, edits: list[tuple]) -> None:
    path, content = saved
    path.write_bytes(edited(content, edits))
    if path.read_bytes() == content:
        assert differences(read_checkpoint(path), CONTENT) == []
    else:
        with pytest.raises(InputError) as caught:
            read_checkpoint(path)
        assert len(str(caught.value).splitlines()) == 1


@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(EDITS)
def test_whatever_is_done_to_a_file_it_is_refused_in_one_sentence(saved, edits):
    check(saved, edits)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(EDITS)
def test_whatever_is_done_to_a_file_many_times(saved, edits):
    check(saved, edits)


def test_an_old_file_without_a_digest_is_read_or_refused_but_never_wrong_in_a_weight(saved):
    path, _ = saved
    torch.save(CONTENT, path)
    content, found = path.read_bytes(), 0
    where = content.index(CONTENT["state_dict"]["w"].numpy().tobytes())
    for position in range(where, where + 120):
        path.write_bytes(edited(content, [("flip", position, position % 8)]))
        with pytest.raises(InputError, match="CRC-32"):
            read_checkpoint(path)
    for position in range(len(content)):
        path.write_bytes(edited(content, [("flip", position, 0)]))
        with contextlib.suppress(InputError):
            assert differences(read_checkpoint(path), CONTENT) == []
            found += 1
    assert 0 < found < len(content)  # in padding and in fields that nobody reads


def test_a_run_falls_back_from_a_flipped_bit_and_its_tools_refuse_the_file(tmp_path):
    trained(tmp_path, "trainer.max_steps=10", "checkpoints.every_images=500")
    last = tmp_path / "checkpoints" / "last.ckpt"
    assert last.samefile(last.with_name("00000010.ckpt"))  # so that both are damaged
    with last.open("r+b") as file:
        file.seek(4_000_000)
        byte = file.read(1)[0]
        file.seek(4_000_000)
        file.write(bytes([byte ^ 1]))
    result = train(f"resume={last}")
    assert result.returncode == 2
    assert result.stderr == f"{last}: the checkpoint is damaged (its sha256 is another); use another one\n"
    result = train(f"resume={tmp_path}", "trainer.max_steps=7")
    assert result.returncode == 0, result.stderr
    assert "(its sha256 is another): 00000005.ckpt, of iteration 5, is used instead" in result.stderr
    assert read_checkpoint(last)["global_step"] == 7
    assert not last.with_name("00000010.ckpt").exists()
