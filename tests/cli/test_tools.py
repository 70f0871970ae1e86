import pytest

from saddle.cli.tools import run_tool


@pytest.mark.parametrize("at", [2, 4])
def test_settings_may_stand_before_and_after_options(tmp_path, capsys, at):
    arguments = ["evaluate", str(tmp_path / "none"), "--num", "7"]
    assert run_tool([*arguments[:at], "data.root=x", *arguments[at:]]) == 2
    assert "unrecognized" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["film", "run", "--out", "x", "data.root=x"], "unrecognized arguments: data.root=x"),
        (["evaluate", "run", "--num", "7", "other"], "unrecognized arguments: other"),
        (["evaluate", "run", "--nmu=7"], "unrecognized arguments: --nmu=7"),
        (["evaluate", "run", "--num", "7", "data.root=x", "--nmu", "7"], "unrecognized arguments: "),
    ],
)
def test_what_a_tool_does_not_take_is_refused(capsys, arguments, shown):
    with pytest.raises(SystemExit) as caught:
        run_tool(arguments)
    assert caught.value.code == 2
    assert shown in capsys.readouterr().err
