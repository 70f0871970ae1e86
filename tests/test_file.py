import pytest

from saddle.file import relative, replacing


def test_a_file_is_replaced_in_one_step_and_only_if_all_went_well(tmp_path):
    path = tmp_path / "name.txt"
    path.write_text("before")
    with replacing(path) as temporary:
        temporary.write_text("after")
        assert temporary.parent == tmp_path
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_paths_below_the_current_folder_are_shortened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(relative(tmp_path / "a" / "b")) == "a/b"
    assert relative(tmp_path.parent) == tmp_path.parent.resolve()
