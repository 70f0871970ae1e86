"""Fault 11: a config file that the command line names has Hydra run no code, wherever in its folder it stands."""

import pytest
import yaml

from helpers import REPOSITORY, train
from saddle.config.command_line import CommandLine
from saddle.config.outside import check_command
from saddle.error import InputError
from saddle.plugin import ENVIRONMENT

BASE = ("data=digits", "architecture=mlp")
EVIL_NODE = {"callbacks": {"evil": {"_target_": "builtins.open", "file": "made", "mode": "w"}}}

OUTSIDE_FILES = {
    "a node of hydra": yaml.safe_dump({"hydra": EVIL_NODE}),
    "a package": "# @package hydra.callbacks.evil\n_target_: builtins.open\n",
    "a defaults list": yaml.safe_dump({"defaults": [{"/loss@hydra.callbacks.evil": "hinge"}]}),
    "a handler": yaml.safe_dump({"hydra": {"job_logging": {"handlers": {"evil": {"()": "os.system"}}}}}),
    "a variable": yaml.safe_dump({"hydra": {"job": {"env_set": {ENVIRONMENT: "evil"}}}}),
    "another folder": yaml.safe_dump({"hydra": {"searchpath": ["file://elsewhere"]}}),
    "a function of Hydra": yaml.safe_dump({"hydra": {"callbacks": {"evil": {"_target_": "hydra.utils.get_method"}}}}),
    "a file": yaml.safe_dump({"hydra": {"job_logging": {"handlers": {"evil": {"class": "logging.FileHandler"}}}}}),
    "text of a defaults list": yaml.safe_dump({"defaults": ["/loss@hydra.callbacks.evil"]}),
    "a node by interpolation": yaml.safe_dump({"hydra": {"callbacks": {"evil": "${callback.evil}"}}}),
    "all of hydra by interpolation": yaml.safe_dump({"hydra": "${evil}"}),
    "a node that is made": yaml.safe_dump({"hydra": {"callbacks": "${oc.create:{evil: {_target_: os.system}}}"}}),
    "a variable that is made": yaml.safe_dump({"hydra": {"job": {"env_set": "${oc.create:{A: b}}"}}}),
    "a stream": yaml.safe_dump({"hydra": {"job_logging": {"handlers": {"x": {"stream": "ext://payload.x"}}}}}),
    "a class of saddle": yaml.safe_dump({"hydra": {"callbacks": {"evil": {"_target_": "saddle.run.folder.clear"}}}}),
    "a riddle": yaml.safe_dump({"hydra": {"callbacks": {"evil": {"_target_": "${oc.env:EVIL}"}}}}),
}


@pytest.mark.parametrize("kind", OUTSIDE_FILES)
def test_config_files_of_the_command_line_say_nothing_to_hydra_that_is_code(kind, tmp_path):
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "evil.yaml").write_text(OUTSIDE_FILES[kind])
    place = tmp_path / "conf"
    for arguments in (["--config-dir", str(place)], [f"hydra.searchpath=[file://{place}]"]):
        result = train(*BASE, "trainer.max_steps=1", "+experiment=evil", *arguments, cwd=tmp_path)
        assert result.returncode == 2
        assert "have Hydra run code" in result.stderr or "could run code" in result.stderr, result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["conf"]


HIDDEN = ["/.evil/x", "./.evil/x", "old/evil", "/old/evil@_global_", "../outside/x", {"loss": "../old/evil"}]


@pytest.mark.parametrize("entry", HIDDEN, ids=str)
def test_files_that_are_not_looked_at_cannot_be_reached(entry, tmp_path):
    """Those in hidden folders, and in folders of runs, which hold settings of Hydra's."""
    for name in (".evil/x", "old/evil", "old/.hydra/hydra"):
        file = tmp_path / "conf" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# @package _global_\n" + yaml.safe_dump({"hydra": EVIL_NODE}))
    check_command(CommandLine.parse([f"--config-dir={tmp_path / 'conf'}"]))
    (tmp_path / "conf" / "mine.yaml").write_text(yaml.safe_dump({"defaults": ["train", entry]}))
    with pytest.raises(InputError, match="could have Hydra run code"):
        check_command(CommandLine.parse([f"--config-dir={tmp_path / 'conf'}"]))


def test_a_group_of_hydras_is_refused_also_behind_a_link_and_without_a_scheme(tmp_path):
    (tmp_path / "elsewhere" / "callbacks").mkdir(parents=True)
    (tmp_path / "elsewhere" / "callbacks" / "evil.yaml").write_text("evil: {_target_: builtins.open}\n")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "hydra").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "conf" / "again").symlink_to(tmp_path / "conf")  # a ring
    for named in ("--config-dir=conf", "hydra.searchpath=[conf]", "hydra.searchpath=['file://conf']"):
        result = train(*BASE, "trainer.max_steps=1", "+hydra/callbacks=evil", named, cwd=tmp_path)
        assert (result.returncode, "may be no part of Hydra's settings" in result.stderr) == (2, True), result.stderr


def test_a_copy_of_saddles_own_settings_may_be_used(tmp_path):
    own = (REPOSITORY / "conf" / "train.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(own.replace("seed: 0", "seed: 7"))
    result = train(f"--config-dir={tmp_path}", "--config-name=mine", "--cfg=job", "data=digits")
    assert "seed: 7" in result.stdout
