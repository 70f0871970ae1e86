import pytest

from saddle.error import ArgumentError
from saddle.export.place import complete_folder


@pytest.mark.parametrize("name", ["full", "file", "file/below", "link", "model.onnx"])
def test_nothing_is_overwritten(tmp_path, name):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ArgumentError, match="out="), complete_folder(tmp_path / name):
        raise AssertionError("unreachable")
    assert (tmp_path / "full" / "x").read_text() == (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["new", "a/b/new", "empty"])
def test_a_folder_is_complete_or_not_there(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(KeyError), complete_folder(tmp_path / name) as folder:
        (folder / "half").write_text("half")
        raise KeyError
    assert not list(tmp_path.rglob("half"))
    with complete_folder(tmp_path / name) as folder:
        (folder / "whole").write_text("whole")
    assert [path.name for path in (tmp_path / name).iterdir()] == ["whole"]
    assert not [path for path in (tmp_path / name).parent.iterdir() if path.name.startswith(".")]
