"""Paths that Hydra's grammar cannot take are quoted for the person; of other texts the quoted form is shown."""

import shlex

import pytest
from hydra import compose, initialize_config_dir

from saddle.config.command_line import CommandLine
from saddle.config.location import config_folder
from saddle.error import InputError

NAMES = ("größe (2)", "x[y]", "[x]", "(x)", "a;b", "it's", 'say "x"', "{x}", "x{y", "#x", "a=b", "3", "1e3", "true")
NAMES += ("-x", "--x", "$x", "${x", "x ", " x", "a\\", "a\tb", "!", "~nobody-of-this-name", "%s")
THERE = ("a,b", "a${b}c", "a\\b", "null", "glob(*)", "a\\,b", "a\\${b}")
"""Names that could also be meant for Hydra, so that they are a path's only where one is there."""


def read_by_hydra(setting: str, overrides: tuple[str, ...]) -> object:
    with initialize_config_dir(config_folder(), version_base="1.3"):
        node = compose("train", ["folder=.", *overrides])
        for name in setting.split("."):
            node = node[name]
    return node


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["data.root", "init", "callback.quality.cache", "trainer.default_root_dir"])
@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_read_as_it_was_typed(setting, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = CommandLine.parse(["data=mnist", f"{setting}={name}"])
    assert read_by_hydra(setting, command.overrides) == name
    assert command.settings[setting] == name


@pytest.mark.parametrize("name", THERE)
def test_a_path_that_is_there_is_meant(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    command = CommandLine.parse(["data=mnist", f"data.root={name}"])
    assert read_by_hydra("data.root", command.overrides) == name
    assert command.settings["data.root"] == name


def test_what_hydra_evaluates_stays():
    texts = (
        "data.root=${oc.env:HOME}/x",
        "folder=outputs/${now:%Y}",
        "resume=null",
        "data.root=a,b",
        "data.root='a,b'",
    )
    assert CommandLine.parse(texts).overrides == texts


def test_a_sweep_over_paths_keeps_its_values():
    assert CommandLine.parse(["-m", "data.root=a,b"]).overrides == ("data.root=a,b",)
    assert CommandLine.parse(["-m", "data.root=ä,b(1)"]).overrides == ("data.root='ä','b(1)'",)


@pytest.mark.parametrize(
    "setting", ["folder", "callback.samples.folder", "callback.curves.path", "+logger.csv.save_dir", "data.cache"]
)
def test_what_is_written_may_hold_a_comma_even_if_it_is_new(setting):
    (settings,) = CommandLine.parse([f"{setting}=a,b"]).settings.values()
    assert settings == "a,b"


def test_a_comma_in_what_is_added_is_no_unknown_setting():
    from saddle.config.compose import compose

    with pytest.raises(InputError, match=r"^\+callback.mine.num=1,2: several values"):
        compose(["+callback.mine.num=1,2"])


def test_a_run_whose_folder_hydra_would_evaluate_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a${b}").mkdir()
    with pytest.raises(InputError, match="rename it"):
        CommandLine.parse(["hydra.run.dir=a${b}"])


@pytest.mark.parametrize("setting", ["folder", "hydra.run.dir", "data.root", "init"])
def test_a_path_without_a_name_is_refused(setting):
    with pytest.raises(InputError, match=f"{setting}=: name a folder or file"):
        CommandLine.parse([f"{setting}="])


@pytest.mark.parametrize("value", ["a(b", "a;b", "{a", "a b!"])
def test_of_another_text_the_quoted_form_is_shown(value):
    from saddle.config.compose import compose

    with pytest.raises(InputError) as refused:
        compose([f"objective={value}"])
    quoted = shlex.split(str(refused.value).partition("for the shell as ")[2])
    assert quoted == [f"objective='{value}'"]
