"""A leading `~` is the home folder wherever a path is given."""

import pytest

from helpers import SMALL, train
from saddle.cli.tools import parsed
from saddle.config.command_line import CommandLine


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "setting",
    [
        "hydra.run.dir",
        "hydra.sweep.dir",
        "folder",
        "init",
        "resume",
        "keep",
        "data.root",
        "data.cache",
        "callback.quality.cache",
    ],
)
def test_settings(home, setting):
    for text in (f"{setting}=~/x", f"{setting}='~/x'", f'{setting}="~/x"', f"+{setting}=~/x"):
        assert CommandLine.parse([text]).settings[setting] == str(home / "x")


@pytest.mark.parametrize("flags", [["--config-dir=~/c"], ["--config-dir", "~/c"], ["-cd", "~/c"]])
def test_the_folder_of_config_files(home, flags):
    assert str(CommandLine.parse([*flags, "seed=1"]).config_dir) == str(home / "c")
    assert "~" not in "".join(CommandLine.parse([*flags, "seed=1"]).flags)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["sample", "~/r", "--out", "~/o.png"], ["path", "out"]),
        (["encode", "~/r", "--out", "~/o.npz"], ["path", "out"]),
        (["reconstruct", "~/r", "--out", "~/o.png"], ["path", "out"]),
        (["interpolate", "~/r", "--out", "~/o.png"], ["path", "out"]),
        (["translate", "~/r", "--out", "~/o.png"], ["path", "out"]),
        (["evaluate", "~/r", "--cache", "~/c", "--out", "~/o.json", "--extractor", "~/e"], ["path", "cache", "out"]),
        (["film", "~/r", "--out", "~/o.gif"], ["path", "out"]),
        (["table", "~/r"], ["sweep"]),
        (["extractor", "data=digits", "--out", "~/o.safetensors"], ["out"]),
    ],
)
def test_arguments_of_tools(home, arguments, names):
    chosen = vars(parsed(arguments))
    for name in names:
        assert str(chosen[name]).startswith(str(home)), name


def test_a_run_begins_at_home_and_not_in_a_folder_of_that_name(home):
    result = train(*SMALL, "trainer.max_steps=1", "callback.quality.extractor=none", "hydra.run.dir=~/run", cwd=home)
    assert result.returncode == 0, result.stderr
    assert (home / "run" / "summary.json").is_file()
    assert not (home / "~").exists()
