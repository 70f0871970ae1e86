"""Fault 11: a name of code to run, in a setting, a checkpoint or a run's folder, is refused and not followed."""

import builtins
import os
import subprocess
from types import CodeType

import pytest
import torch
import yaml

from helpers import train, trained
from hostile import TARGETS, check_sentence, outcome, settings_of
from saddle.cli.launch import spelled_out
from saddle.config.command_line import CommandLine
from saddle.config.override import check_hydra, check_saved
from saddle.error import InputError
from saddle.plugin import ENVIRONMENT
from saddle.run.finished import FinishedRun
from saddle.run.resume import begin_or_resume
from saddle.sweep.jobs import BASIC
from saddle.training.checkpoint import FORMAT, MARK
from saddle.training.checkpoint_io import AtomicCheckpointIO

BASE = ("data=digits", "architecture=mlp")
NODES = [s.path for s in settings_of(BASE) if isinstance(s.value, dict) and "." in s.path]
CLOCK = {"iteration": 3, "images": 24, "updates": {"generator": 3}}
OUTSIDE = [target for target in TARGETS if not target.startswith(("saddle.", "torch.optim.", "lightning.pytorch."))]


def save(record, path):
    """A checkpoint that looks sound, of a run with the settings `record`."""
    content = {
        MARK: {"format": FORMAT, "record": record, "clock": CLOCK},
        "state_dict": {"generator.x": torch.zeros(1)},
    }
    AtomicCheckpointIO().save_checkpoint(content, path)


@pytest.fixture
def called(monkeypatch):
    """What dangerous functions were called with."""
    calls = []
    evaluate = eval
    for module, name in ((os, "system"), (subprocess, "Popen"), (torch, "load")):
        monkeypatch.setattr(module, name, lambda *given, **named: calls.append((given, named)))

    def spied(source, *given):
        return evaluate(source, *given) if isinstance(source, CodeType) else calls.append((source, given))

    monkeypatch.setattr(builtins, "eval", spied)  # `typing` evaluates what it compiled from annotations
    return calls


def test_the_tables_hold_what_is_dangerous():
    assert {"os.system", "builtins.open", "torch.load", "subprocess.Popen"} <= set(OUTSIDE)
    assert len(NODES) > 10


@pytest.mark.parametrize("target", OUTSIDE)
def test_nothing_outside_is_built_or_called(target, called):
    for node in ("loss", "callback.summary", "optimizer", "training.ema"):
        sentence = outcome([*BASE, f"{node}._target_={target}"])
        assert sentence.startswith(f"{node}._target_=")
        check_sentence(sentence)
    assert called == []


@pytest.mark.slow
@pytest.mark.parametrize("target", ["os.system", "saddle.seed.hashed_seed", "saddle.run.folder.Path", "saddle.data"])
def test_no_node_of_the_config_takes_what_is_no_class_of_ours(target, called):
    for node in NODES[::4]:
        sentence = outcome([*BASE, f"++{node}._target_={target}"])
        assert sentence is not None, node
        check_sentence(sentence)
    assert called == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("loss._target_=saddle.cli.launch.refuse", "this is not a class"),
        ("loss._target_=saddle.penalty.r1.R1", "expected a Loss"),
        ("loss._target_=saddle.run.folder.Path", "only classes below saddle., torch.optim., lightning.pytorch."),
        ("loss._target_=saddle.loss.hinge.__class__", "only classes below"),
        ("loss._target_=saddle..x", "this is no name of a class"),
        ("callback.samples._target_=lightning.pytorch.loggers.CSVLogger", "expected a Callback"),
        ("++callback.curves.path._target_=saddle.data.ring.Ring", "callback.curves.path"),
        ("callback.quality.cache={_target_:saddle.data.ring.Ring}", "expected a plain value here, not an object"),
    ],
)
def test_a_class_in_the_wrong_place_is_refused(override, message):
    sentence = outcome([*BASE, override])
    assert message in sentence
    check_sentence(sentence)


EVIL = "+hydra.callbacks.evil={{_target_:builtins.open,file:{},mode:w}}"


def test_hydra_itself_builds_nothing_that_is_named_to_it(tmp_path):
    result = train(*BASE, "trainer.max_steps=1", EVIL.format(tmp_path / "made"), cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert "Hydra's own parts are chosen by their groups, never by a _target_; leave it out" in result.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    check_hydra(["hydra/launcher=joblib", "hydra.run.dir=x", "loss._target_=os.system"])  # the schema's own business


SAVED = [
    "++hydra={callbacks:{evil:{_target_:builtins.open,file:made,mode:w}}}",
    "++hydra={job:{env_set:{SADDLE_PLUGINS:evilpackage}}}",
    "++hydra.job={env_set:{SADDLE_PLUGINS:evilpackage}}",
    "+hydra.job={chdir:true}",
    "+experiment/evil@hydra.callbacks.evil=evil",
    "hydra.launcher._target_=builtins.open",
    "hydra.sweeper.params={'++hydra.callbacks.evil._target_':builtins.open}",
    "hydra.sweeper.params.x=hydra.evil",
    EVIL.format("made"),
    "--config-dir=elsewhere",
    "hydra.searchpath=[file://elsewhere]",
    "+hydra.job_logging.handlers.evil={class:logging.FileHandler,filename:made}",
    "hydra.job.env_set={LD_PRELOAD:evil.so}",
    "hydra/job_logging=evil",
]


@pytest.mark.parametrize("saved", SAVED)
def test_the_overrides_of_a_strangers_run_are_not_followed(saved, tmp_path):
    save({}, tmp_path / "checkpoints" / "last.ckpt")
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(["data=digits", saved]))
    (tmp_path / ".hydra" / "config.yaml").write_text("seed: 1\n")
    command, _ = begin_or_resume(CommandLine.parse([f"resume={tmp_path}", "trainer.max_steps=9"]))
    assert command.flags == ()
    assert set(command.settings) == {
        *("trainer.max_steps", "resume", "folder", "hydra.run.dir", "hydra.output_subdir"),
    }


EVIL_NODE = {"callbacks": {"evil": {"_target_": "builtins.open", "file": "made", "mode": "w"}}}


def test_the_settings_of_a_strangers_run_say_nothing_to_hydra_and_build_nothing_else(tmp_path):
    run = tmp_path / "run"
    trained(run, "trainer.max_steps=1")
    file = run / ".hydra" / "config.yaml"
    settings = yaml.safe_load(file.read_text())
    evil = {"hydra": {**EVIL_NODE, "searchpath": ["file://elsewhere"], "job": {"env_set": {ENVIRONMENT: "evil"}}}}
    file.write_text(yaml.safe_dump({"defaults": [{"loss": "evil"}], **evil, **settings}))
    result = train(f"resume={run}", "trainer.max_steps=2", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "made").exists()
    for node in ("loss", "callback.summary", "optimizer"):
        group, _, name = node.partition(".")
        changed = {**settings, group: {**settings[group]}}
        (changed[group] if not name else changed[group][name])["_target_"] = "os.system"
        file.write_text(yaml.safe_dump(changed))
        result = train(f"resume={run}", "trainer.max_steps=3", cwd=tmp_path)
        assert (result.returncode, result.stderr.startswith(f"{node}._target_=os.system: only classes below")) == (
            *(2, True),
        ), result.stderr


MODULE = """
import pathlib
pathlib.Path(__file__).with_name("imported").touch()
from saddle.loss.hinge import Hinge
class Mine(Hinge):
    pass
"""


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """The folder of a module `evilpackage`, which can be imported, and which notes in the file `imported` if it was."""
    (tmp_path / "evilpackage.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    return tmp_path


def test_nothing_in_a_file_makes_a_module_trusted(stranger):
    remedy = "if you trust the package evilpackage, set the environment variable SADDLE_PLUGINS=evilpackage"
    assert remedy in outcome([*BASE, "loss._target_=evilpackage.Mine"])
    path = stranger / "evil.ckpt"
    save({"architecture": {"generator": {"_target_": "evilpackage.Mine"}}, "plugins": ["evilpackage"]}, path)
    with pytest.raises(InputError, match="set the environment variable SADDLE_PLUGINS=evilpackage"):
        FinishedRun.open(path).network("generator")
    run = stranger / "run"
    trained(run, "trainer.max_steps=1")
    file = run / ".hydra" / "config.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["loss"]["_target_"] = "evilpackage.Mine"
    file.write_text(yaml.safe_dump({"plugins": ["evilpackage"], "SADDLE_PLUGINS": "evilpackage", **settings}))
    result = train(f"resume={run}", "trainer.max_steps=2", PYTHONPATH=str(stranger))
    assert result.returncode == 2
    assert not (stranger / "imported").exists()


def test_no_message_advises_to_trust_the_standard_library_or_torch():
    for target in ("os.system", "torch.load", "builtins.open", "numpy.load", "x", 3):
        assert "SADDLE_PLUGINS" not in outcome([*BASE, f"loss._target_={target}"])


def test_what_a_config_sets_in_the_environment_is_not_trusted(stranger):
    """SADDLE_PLUGINS counts as it was when the command began."""
    setting = "+hydra.job.env_set.SADDLE_PLUGINS=evilpackage"
    result = train(*BASE, "loss._target_=evilpackage.Mine", "trainer.max_steps=1", setting, cwd=stranger)
    assert (result.returncode, "only classes below" in result.stderr) == (2, True), result.stderr
    assert not (stranger / "imported").exists()


def test_what_a_sweep_saved_is_looked_at_too(tmp_path):
    for saved in SAVED:
        content = {"hydra": {"sweeper": {"_target_": BASIC}, "overrides": {"task": [], "hydra": [saved]}}}
        (tmp_path / "multirun.yaml").write_text(yaml.safe_dump(content))
        with pytest.raises(InputError, match="could run code of its own|give that again"):
            spelled_out(CommandLine.parse([f"resume={tmp_path}"]))


@pytest.mark.parametrize("content", ["{a", "a: 1", "- 1", "!!python/object/apply:os.system ['touch made']", "\0"])
def test_settings_that_cannot_be_read_are_refused_in_a_sentence(content, tmp_path, called):
    save({}, tmp_path / "checkpoints" / "last.ckpt")
    (tmp_path / ".hydra").mkdir()
    for name, other in (("overrides", "config"), ("config", "overrides")):
        (tmp_path / ".hydra" / f"{name}.yaml").write_text(content if content != "a: 1" or name != "config" else "- 1")
        (tmp_path / ".hydra" / f"{other}.yaml").write_text("")
        with pytest.raises(InputError, match=rf"{name}.yaml: ") as refused:
            begin_or_resume(CommandLine.parse([f"resume={tmp_path}"]))
        assert len(str(refused.value).splitlines()) == 1
    assert called == []


def test_only_lists_of_text_are_settings(tmp_path):
    assert check_saved(["a=1"], tmp_path) == ["a=1"]
    for odd in ({"a": 1}, "a=1", [1], None):
        with pytest.raises(InputError, match="expected a list of settings"):
            check_saved(odd, tmp_path)


@pytest.mark.parametrize(
    "node",
    [
        {"_target_": "os.system", "command": "touch made"},
        {"_target_": "saddle.loss.hinge.Hinge"},
        {"_target_": "saddle.architecture.mlp.Generator", "image_size": {"_target_": "os.system", "command": "x"}},
        {"_target_": "saddle.architecture.mlp.Generator", "_args_": ["x"]},
        {"_target_": "saddle.run.folder.Path"},
    ],
)
def test_what_a_checkpoint_names_is_not_built(node, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(os, "system", lambda *given: called.append(given))
    path = tmp_path / "evil.ckpt"
    save({"architecture": {"generator": node}, "seed": 0}, path)
    with pytest.raises(InputError) as refused:
        FinishedRun.open(path).network("generator")
    check_sentence(str(refused.value))
    assert "architecture.generator" in str(refused.value)
    assert called == []
