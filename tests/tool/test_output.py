"""What tests/field (D16) does not say of it: existing files, drives that are not there, and what is written."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from saddle.error import InputError
from saddle.tool.output import channels_last, check_new, check_room, write_arrays, write_json, write_picture, writing


def test_nothing_that_is_there_is_overwritten(tmp_path):
    check_new(tmp_path / "new.png")
    check_new(tmp_path, may_be_empty_folder=True)
    (tmp_path / "old.png").write_text("")
    for out, may_be_empty in ((tmp_path / "old.png", False), (tmp_path / "old.png", True), (tmp_path, True)):
        with pytest.raises(InputError, match=f"--out {out} exists: choose another name"):
            check_new(out, may_be_empty)


def test_a_drive_that_is_not_there_is_named_by_the_attempt_to_write(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda self: False)
    check_room(tmp_path / "x.png", 1)
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "x.png"
    with pytest.raises(InputError, match=f"--out {out}: .*; choose another place"), writing(out):
        pytest.fail("nothing can be written there")


def test_arrays_carry_labels_and_the_names_of_all_classes(tmp_path):
    images = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5).to(torch.uint8)
    out = tmp_path / "deep" / "x.npz"
    write_arrays({"images": channels_last(images)}, out, torch.tensor([1, 0]), ["cat", "dög", "emu"])
    found = np.load(out)
    assert found["images"].shape == (2, 4, 5, 3)
    assert found["images"][1, 2, 3, 0] == images[1, 0, 2, 3]
    assert (found["labels"].tolist(), found["class_names"].tolist()) == ([1, 0], ["cat", "dög", "emu"])
    write_arrays({"points": torch.zeros(2, 2)}, tmp_path / "y.npz")
    assert np.load(tmp_path / "y.npz").files == ["points"]


def test_a_picture_is_png_and_numbers_that_json_lacks_are_null(tmp_path):
    write_picture(torch.zeros(1, 4, 4, dtype=torch.uint8), tmp_path / "x")
    assert (tmp_path / "x").read_bytes().startswith(b"\x89PNG")
    write_json({"frechet": float("nan"), "num": 3}, tmp_path / "deep" / "x.json")
    assert json.loads((tmp_path / "deep" / "x.json").read_text()) == {"frechet": None, "num": 3}
