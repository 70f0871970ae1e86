import sys

import pytest

from helpers import REPOSITORY, SMALL, train
from saddle import plugin
from saddle.config.compose import compose
from saddle.config.location import check_options, config_folders
from saddle.config.options import options
from saddle.error import InputError
from saddle.plugin import ENVIRONMENT, plugins, trust_environment

PARTS = """
from dataclasses import dataclass
from saddle.bound import Positive
from saddle.loss.hinge import Hinge

@dataclass(frozen=True)
class Mine(Hinge):
    scale: Positive = 1.0
"""


def package(folder, name: str, **files: str) -> None:
    """A package with a loss `Mine`, and more files by their paths with `__` for a slash."""
    place = folder / name
    (place / "conf" / "loss").mkdir(parents=True)
    (place / "__init__.py").write_text(PARTS)
    (place / "conf" / "loss" / f"{name}.yaml").write_text(f"_target_: {name}.Mine\nscale: 2.0\n")
    for path, content in files.items():
        (place / path.replace("__", "/")).write_text(content)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder whose modules can be imported, with nothing named and nothing remembered."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.delenv(plugin._FOLDER, raising=False)
    monkeypatch.setattr(plugin, "_trusted", None)
    plugin._loaded.cache_clear()
    yield tmp_path
    plugin._loaded.cache_clear()
    for name in [name for name in sys.modules if name.startswith("theirs")]:
        del sys.modules[name]


def installed(folder, distribution: str, *points: str) -> None:
    """The record of an installed package with these entry points."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[saddle.plugins]\n" + "\n".join(points) + "\n")


def test_a_named_package_gives_classes_and_options_and_is_checked_like_saddles_own(place, monkeypatch):
    package(place, "theirs")
    with pytest.raises(InputError, match="loss=theirs: there is no such option"):
        compose(["data=digits", "loss=theirs"])
    monkeypatch.setenv(ENVIRONMENT, " theirs, theirs ,")
    assert plugins() == ()  # not in the middle of a command
    trust_environment()
    assert [found.name for found in plugins()] == ["theirs"]
    assert config_folders() == [REPOSITORY / "conf", place / "theirs" / "conf"]
    assert "theirs" in options("loss")
    config = compose(["data=digits", "loss=theirs"])
    assert (config.loss.target.__module__, config.loss.option, config.loss.settings) == (
        *("theirs", "theirs"),
        {"scale": 2.0},
    )
    for override, sentence in (
        ("loss.scale=0", r"loss\.scale=0: should be greater than 0"),
        ("loss.scal=1", r"did you mean loss\.scale\?"),
    ):
        with pytest.raises(InputError, match=sentence):
            compose(["data=digits", "loss=theirs", override])


def test_an_installed_package_names_itself(place):
    package(place, "theirs")
    installed(place, "their-parts", "theirs = theirs")
    assert [found.name for found in plugins()] == ["theirs"]
    assert "theirs" in options("loss")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            "theirs_nowhere",
            r"theirs_nowhere cannot be imported \(ModuleNotFoundError.*: install it or add its folder",
        ),
        ("theirs_broken", r"theirs_broken cannot be imported \(ZeroDivisionError: division by zero\): mend it"),
        ("theirs_poor", r"theirs_poor cannot be imported \(.*No module named 'theirs_x'\): mend it"),
        ("their/parts", "'their/parts' is no name of a module"),
    ],
)
def test_one_that_cannot_be_imported_is_named_with_a_remedy(place, monkeypatch, value, sentence):
    (place / "theirs_broken.py").write_text("1 / 0\n")
    (place / "theirs_poor.py").write_text("import theirs_x\n")
    monkeypatch.setenv(ENVIRONMENT, value)
    with pytest.raises(InputError, match=f"^{ENVIRONMENT}={value}: .*{sentence}") as refused:
        plugins()
    assert len(str(refused.value).splitlines()) == 1


def test_two_of_one_name_are_refused(place, monkeypatch):
    package(place, "theirs_a", **{"conf__loss__one.yaml": "_target_: theirs_a.Mine\n"})
    package(place, "theirs_b", **{"conf__loss__one.yaml": "_target_: theirs_b.Mine\n"})
    monkeypatch.setenv(ENVIRONMENT, "theirs_a,theirs_b")
    with pytest.raises(InputError, match="theirs_b and theirs_a both have a config file loss/one.yaml"):
        check_options({})
    (place / "theirs_b" / "conf" / "loss" / "one.yaml").rename(place / "theirs_b" / "conf" / "loss" / "hinge.yaml")
    with pytest.raises(InputError, match="theirs_b and saddle both have a config file loss/hinge.yaml"):
        check_options({})
    installed(place, "a-parts", "theirs = theirs_a")
    installed(place, "b-parts", "theirs = theirs_b")
    plugin._loaded.cache_clear()
    with pytest.raises(InputError, match="two plugins are called theirs"):
        plugins()


def test_a_package_in_the_current_folder_is_found_last(place, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    package(elsewhere, "theirs")
    (elsewhere / "yaml.py").write_text("raise RuntimeError\n")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv(ENVIRONMENT, "theirs")
    (elsewhere / "evil-1.0.dist-info").mkdir()
    (elsewhere / "evil-1.0.dist-info" / "entry_points.txt").write_text("[saddle.plugins]\nevil = evil\n")
    assert [(found.name, found.folder) for found in plugins()] == [("theirs", elsewhere / "theirs" / "conf")]
    assert str(elsewhere) not in sys.path
    monkeypatch.chdir(elsewhere.parent)
    assert plugin.environment()["SADDLE_PLUGINS_FOLDER"] == str(elsewhere)


def test_it_is_in_the_help_and_in_every_process(place):
    package(place, "theirs")
    environment = {"PYTHONPATH": str(place), ENVIRONMENT: "theirs"}
    shown = train("--help", "loss=theirs", **environment).stdout
    assert "relativistic_average, theirs, wasserstein" in shown
    assert "scale: 2.0" in shown
    run = place / "run"
    overrides = [*SMALL, "loss=theirs", "trainer.max_steps=2", "trainer=ddp_cpu", f"hydra.run.dir={run}"]
    result = train(*overrides, **environment)
    assert result.returncode == 0, result.stderr
    result = train(f"resume={run}", "trainer.max_steps=4")
    assert (result.returncode, "set the environment variable SADDLE_PLUGINS=theirs" in result.stderr) == (2, True)


def test_what_an_options_file_lacks_or_breaks_is_named_with_the_file(place, monkeypatch):
    package(place, "theirs")
    monkeypatch.setenv(ENVIRONMENT, "theirs")
    trust_environment()
    file = place / "theirs" / "conf" / "loss" / "theirs.yaml"
    for text, overrides, sentence in (
        (
            "_target_: theirs.Mine",
            ["loss.scale=2"],
            f"the class takes this.*add it to {file}, or write [+]loss.scale=2",
        ),
        ("_target_: theirs.Min", [], rf"there is no such class \(in {file}\)"),
        ("_target_: [theirs", [], f"{file}, line 2: this is not valid YAML"),
    ):
        file.write_text(f"{text}\n")
        with pytest.raises(InputError, match=sentence):
            compose(["data=digits", "loss=theirs", *overrides])
