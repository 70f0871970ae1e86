import errno

import pytest

from saddle import file
from saddle.file import cut_numbered, numbered, relative, remove, remove_rests, replacing


def test_a_file_is_replaced_in_one_step_and_only_if_all_went_well(tmp_path):
    path = tmp_path / "name.txt"
    path.write_text("before", encoding="utf-8")
    with replacing(path) as temporary:
        temporary.write_text("after", encoding="utf-8")
        assert temporary.parent == tmp_path
        assert path.read_text(encoding="utf-8") == "before"
    assert path.read_text(encoding="utf-8") == "after"
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert path.read_text(encoding="utf-8") == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_another_program_has_open_is_waited_for_on_windows_only(tmp_path, monkeypatch):
    path, tries = tmp_path / "last.ckpt", []
    path.write_text("x", encoding="utf-8")
    unlink = type(path).unlink

    def refused_twice(self, missing_ok=False):
        tries.append(self)
        if len(tries) < 3:
            raise PermissionError(13, "it is open", str(self))
        unlink(self, missing_ok)

    monkeypatch.setattr(type(path), "unlink", refused_twice)
    monkeypatch.setattr(file, "_PATIENCE", 0.0)
    with pytest.raises(PermissionError):
        remove(path)
    monkeypatch.setattr(file, "_PATIENCE", 5.0)
    remove(path)
    assert (len(tries), path.exists()) == (3, False)


def test_paths_below_the_current_folder_are_shortened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert relative(tmp_path / "a" / "b").as_posix() == "a/b"
    assert relative(tmp_path.parent) == tmp_path.parent.resolve()


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    for name in (".last.ckpt.4711", "last.ckpt", ".mine", ".4711", "last.ckpt.4711", ".hidden.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / ".folder.12").mkdir()
    remove_rests(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"last.ckpt", ".mine", ".4711", "last.ckpt.4711", ".hidden.txt", ".folder.12"}
    remove_rests(tmp_path / "not there")


def test_numbered_files_are_found_in_order_and_cut_back(tmp_path):
    for name in ("00000010.ckpt", "00000009.ckpt", "100000000.ckpt", "last.ckpt", "00000011.png"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert list(numbered(tmp_path, ".ckpt")) == [9, 10, 100_000_000]
    cut_numbered(tmp_path, ".ckpt", 9)
    assert {path.name for path in tmp_path.iterdir()} == {"00000009.ckpt", "last.ckpt", "00000011.png"}


def test_a_file_that_is_too_large_is_not_met_by_making_room():
    assert "allow larger files" in file.remedy_of(OSError(errno.EFBIG, "File too large"))
    assert file.remedy_of(OSError(errno.ENOSPC, "No space left on device")) == "make room"
