"""What tests/field (A4, A5) does not say of it: order, numbers of classes, long lists, and damage."""

import zlib

import pytest
import torch

from saddle.data import identity
from saddle.data.identity import Identity, identity_of_files, identity_of_rows

FILES = [("a/1.png", 10, 7), ("b/2\n.png", 20, 8), ("\udcff.png", 30, 9)]


def of(files, classes=("a", "b")) -> Identity:
    return identity_of_files({"data.root": files}, list(classes))


def test_the_same_is_the_same_and_comes_back_from_its_state():
    assert of(FILES).differences(of(FILES)) == []
    assert Identity.from_state(of(FILES).state()) == of(FILES)
    assert of(FILES).rows == 3


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ([*FILES[:2], ("\udcff.png", 31, 9)], r"\udcff.png has changed"),
        ([("a/1.png", 10, 6), *FILES[1:]], "a/1.png has changed"),
        ([FILES[0], FILES[2]], r"b/2\n.png is gone"),
        ([*FILES, ("c.png", 1, 1)], "c.png is new"),
        ([*FILES[:2], ("c.png", 30, 9)], r"c.png is new, and 1 more file differs"),
        ([("c.png", 10, 7), ("d.png", 20, 8), FILES[2]], "a/1.png is gone, and 3 more files differ"),
        (FILES[::-1], "the files in data.root are in another order"),
    ],
)
def test_the_first_file_that_differs_is_named(now, reason):
    assert of(FILES).differences(of(now)) == [reason]


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (["a", "b"], ["a"], "the class b is gone"),
        (["a"], ["a", "b"], "the class b is new"),
        (["a", "b"], ["a", "c"], "the class b is gone, and the class c is new"),
        (["a", "b"], ["b", "a"], "class 0 was a and is b"),
    ],
)
def test_classes_come_before_files(before, now, reason):
    assert of(FILES, before).differences(of(FILES[:1], now))[0] == reason
    assert of(FILES, before).differences(of(FILES, now)) == [reason]


def test_files_too_many_to_list_are_known_by_their_digest(monkeypatch):
    monkeypatch.setattr(identity, "_MOST_LISTED", 2)
    assert of(FILES).files == {}
    assert of(FILES).differences(of(FILES)) == []
    assert of(FILES).differences(of(FILES[:2])) == ["the files in data.root are others"]


def test_rows_differ_in_bits_shape_and_type():
    rows = torch.arange(12, dtype=torch.uint8).view(3, 2, 2)
    before = identity_of_rows(rows, None, None, [])
    assert before.differences(identity_of_rows(rows.clone(), None, None, [])) == []
    for other in (rows.view(3, 1, 4), rows.view(torch.int8), rows.flip(0)):
        assert before.differences(identity_of_rows(other, None, None, [])) == ["its images are others"]
    labels = torch.tensor([0, 1, 0])
    labeled = identity_of_rows(rows, labels, None, ["a", "b"])
    assert labeled.differences(identity_of_rows(rows, labels + 1, None, ["a", "b"])) == ["its labels are others"]
    assert (
        identity_of_rows(rows.mT, None, None, []).digests["images"]
        == (identity_of_rows(rows.mT.contiguous(), None, None, []).digests["images"])
    )


def test_a_damaged_list_and_one_beyond_all_measure_are_refused(monkeypatch):
    state = of(FILES).state()
    damaged = {**state, "files": {"data.root": state["files"]["data.root"].flip(0)}}
    with pytest.raises(zlib.error):
        Identity.from_state(damaged)
    monkeypatch.setattr(identity, "_MOST_BYTES", 20)
    with pytest.raises(ValueError, match="Unterminated string|Expecting"):
        Identity.from_state(state)
