"""A run that begins with the weights of another one (`init=RUN`)."""

import json
import shutil

import pytest
import torch
from torch import Tensor

from folders import gray_images
from helpers import checkpoint, differences, train
from refused import OTHER_NETWORKS
from saddle.config.compose import compose
from saddle.factory.parts import Parts, build_parts
from saddle.factory.run import build_run
from saddle.run.transfer import begun_from, read_with_digest
from saddle.training.checkpoint import MARK, read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO

NETWORKS = ["architecture=dcgan", "architecture.generator.widths=[8]", "architecture.discriminator.widths=[4,8]"]
NETWORKS += ["architecture.generator.activation=leaky_relu", "architecture.generator.normalization=batch"]
NETWORKS += ["architecture.discriminator.normalization=spectral", "architecture.discriminator.hidden=8"]
NETWORKS += ["architecture.conditional=true", "trainer=cpu", "trainer.precision=32-true"]
DATA = ["data=digits", "data.image_size=12", "data.batch_size=50", "data.limit=500"]
SMALL = [*NETWORKS, *DATA, "logger=none", "trainer.log_every_n_steps=2", "callback.quality.num=50"]
SMALL += ["callback.quality.extractor=none"]
PICTURES = [*NETWORKS, "data=image_folder", "data.image_size=12", "data.channels=1", "data.batch_size=4"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the run `other`, saved at 2, 4 and 6."""
    folder = tmp_path_factory.mktemp("init")
    ran(folder, "folder=other", "trainer.max_steps=6", "checkpoints.every_images=100")
    return folder


@pytest.fixture
def apart(place, tmp_path):
    """The same in a folder of the test's own."""
    shutil.copytree(place / "other", tmp_path / "other")
    return tmp_path


def ran(cwd, *overrides: str) -> str:
    """What a small run says on stderr."""
    result = train(*SMALL, *overrides, cwd=cwd)
    assert result.returncode == 0, result.stderr
    return result.stderr


def begun(other, *overrides: str) -> Parts:
    """The parts of a run on digits, or with these overrides, that begins with the weights of `other`."""
    config = compose([*(overrides or SMALL), f"init='{other}'"])
    return begun_from(config.init, config, build_parts(config))


def weights(content: dict, network: str, averaged: bool) -> dict[str, Tensor]:
    prefix = f"ema.networks.{network}." if averaged else f"{network}."
    named = content["state_dict"].items()
    return {name.removeprefix(prefix): value for name, value in named if name.startswith(prefix)}


def test_g_begins_with_the_average_and_d_with_its_own_weights(place, capsys):
    parts = begun(place / "other")
    content = checkpoint(place / "other")
    assert differences(weights(content, "generator", True), dict(parts.networks["generator"].state_dict())) == []
    assert (
        differences(weights(content, "discriminator", False), dict(parts.networks["discriminator"].state_dict())) == []
    )
    assert differences(weights(content, "generator", True), weights(content, "generator", False)) != []
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("init: generator and discriminator begin with the weights of ")
    assert said.endswith("last.ckpt, iteration 6 (of generator the average)")


def test_the_average_begins_with_the_same_weights_and_the_clock_anew(place):
    config = compose([*SMALL, f"init='{place / 'other'}'"])
    module = build_run(config, begun_from(config.init, config, build_parts(config))).module
    average = module.ema.networks["generator"].state_dict()
    assert differences(weights(checkpoint(place / "other"), "generator", True), dict(average)) == []
    assert (module.clock.iteration, module.clock.images) == (0, 0)


def test_a_run_without_an_average_gives_g_itself(tmp_path):
    ran(tmp_path, "folder=plain", "trainer.max_steps=2", "training.ema=null")
    parts = begun(tmp_path / "plain")
    content = checkpoint(tmp_path / "plain")
    assert differences(weights(content, "generator", False), dict(parts.networks["generator"].state_dict())) == []


def test_weights_in_double_precision_stay_so(tmp_path):
    double = [*SMALL, "trainer.precision=64-true"]
    result = train(*double, "folder=double", "trainer.max_steps=2", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    parts = begun(tmp_path / "double", *double)
    expected = weights(checkpoint(tmp_path / "double"), "generator", True)
    assert differences(expected, dict(parts.networks["generator"].state_dict())) == []


# other data


SPECTRAL = {f"layers.7.vectors.parametrizations.weight.{name}" for name in ("original", "0._u", "0._v")}


@pytest.mark.parametrize(
    ("condition", "tables"), [("projection", SPECTRAL), ("concatenation", {"layers.0.vectors.weight"})]
)
def test_tables_of_labels_begin_anew_on_other_classes(apart, capsys, condition, tables):
    here = [f"architecture.discriminator.condition={condition}"]
    ran(apart, "folder=ten", "trainer.max_steps=2", *here)
    gray_images(apart / "pictures")
    two = [*PICTURES, f"data.root={apart / 'pictures'}", "data.classes=2", *here]
    fresh, parts = build_parts(compose(two)).networks, begun(apart / "ten", *two)
    content = checkpoint(apart / "ten")
    anew: list[str] = []
    for name, network in parts.networks.items():
        before, own = weights(content, name, name == "generator"), fresh[name].state_dict()
        for key, value in network.state_dict().items():
            if not torch.equal(value, before[key]):
                assert torch.equal(value, own[key]), key
                anew.append(f"{name}.{key}")
    assert {key for key in anew if key.startswith("generator")} == {
        *("generator.layers.0.vectors.weight", "generator.layers.3.gain.weight", "generator.layers.3.bias.weight")
    }
    assert {key.removeprefix("discriminator.") for key in anew if key.startswith("discriminator")} == tables
    said = capsys.readouterr().err.splitlines()[1]
    assert said.startswith("init: these begin anew: generator.layers.0.vectors, generator.layers.3.gain, ")
    assert said.endswith(f", discriminator.layers.{7 if condition == 'projection' else 0}.vectors")


def test_the_head_of_a_classifier_begins_anew_on_other_classes(apart):
    game = ["game=auxiliary_classifier", "architecture.conditional=false"]  # the game decides it
    ran(apart, "folder=ac", "trainer.max_steps=2", *game)
    gray_images(apart / "pictures")
    parts = begun(apart / "ac", *PICTURES, f"data.root={apart / 'pictures'}", "data.classes=2", *game)
    assert parts.networks["classifier"].outputs == 2
    before = weights(checkpoint(apart / "ac"), "discriminator", False)
    assert differences(before, dict(parts.networks["discriminator"].state_dict())) == []


def test_a_loss_that_trains_the_last_bias_gets_a_new_one_and_another_leaves_it_out(apart, capsys):
    parts = begun(apart / "other", *SMALL, "loss=hinge")
    assert parts.networks["discriminator"].head.linear.bias.item() == 0
    assert "begin anew: discriminator.layers.7.linear.bias" in capsys.readouterr().err
    gray_images(apart / "pictures")
    two = [*PICTURES, f"data.root={apart / 'pictures'}", "data.classes=2"]
    weight = begun(apart / "other", *two, "loss=hinge").networks["discriminator"].state_dict()
    name = "layers.7.linear.parametrizations.weight.original"
    assert torch.equal(weight[name], weights(checkpoint(apart / "other"), "discriminator", False)[name])
    capsys.readouterr()
    ran(apart, "folder=hinge", "trainer.max_steps=2", "loss=hinge")
    parts = begun(apart / "hinge")
    assert parts.networks["discriminator"].head.linear.bias is None
    assert "anew" not in capsys.readouterr().err


# whole runs


def test_what_a_run_began_with_is_on_record_and_a_resumed_run_does_not_read_it_again(apart):
    limits = ["checkpoints.every_images=100", "init=other"]
    assert "init: generator and discriminator" in ran(apart, "folder=straight", "trainer.max_steps=6", *limits)
    ran(apart, "folder=halves", "trainer.max_steps=3", *limits)
    expected = {"path": "other", "sha256": read_with_digest(apart / "other" / "checkpoints" / "last.ckpt")[1]}
    expected |= {"iteration": 6, "images": 300}
    shutil.rmtree(apart / "other")
    (apart / "elsewhere").mkdir()
    result = train("resume=../halves", "trainer.max_steps=6", cwd=apart / "elsewhere")
    assert (result.returncode, "init" in result.stderr) == (0, False), result.stderr
    straight, halves = checkpoint(apart / "straight"), checkpoint(apart / "halves")
    for content in (straight, halves):
        content["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, halves) == []
    assert halves[MARK]["record"]["init"] == expected
    assert json.loads((apart / "halves" / "summary.json").read_text())["init"] == expected


def test_a_run_that_began_with_new_weights_says_so(place):
    assert "init" not in checkpoint(place / "other")[MARK]["record"]
    assert json.loads((place / "other" / "summary.json").read_text())["init"] is None


def test_a_resumed_run_takes_no_other_weights(apart):
    ran(apart, "folder=run", "trainer.max_steps=2", "init=other")
    result = train("resume=run", "init=other/checkpoints/best.ckpt", "trainer.max_steps=4", cwd=apart)
    assert (result.returncode, result.stderr) == (
        2,
        "init=other/checkpoints/best.ckpt: a resumed run keeps its init; leave it out\n",
    )
    for text in ("init=other", "init=null"):
        result = train("resume=run", text, "trainer.max_steps=4", cwd=apart)
        assert result.returncode == 0 or "at iteration 4 already" in result.stderr, result.stderr
    assert checkpoint(apart / "run")["global_step"] == 4


@pytest.mark.slow
def test_a_watched_run_begins_with_it_once(apart):
    said = ran(apart, "keep=kept", "init=other", "trainer.max_steps=2")
    assert "init: generator" in said
    shutil.rmtree(apart / "other")
    assert "init:" not in ran(apart, "keep=kept", "init=other", "trainer.max_steps=4")


@pytest.mark.slow
def test_the_jobs_of_a_sweep_begin_with_different_runs(apart):
    shutil.copytree(apart / "other", apart / "an other")
    ran(apart, "-m", "init=null,other,an other", "trainer.max_steps=2", "hydra.sweep.dir=sweep")
    jobs = sorted(path for path in (apart / "sweep").iterdir() if path.is_dir())
    paths = [(checkpoint(job)[MARK]["record"].get("init") or {}).get("path") for job in jobs]
    assert paths == [None, "other", "an other"]
    shutil.rmtree(jobs[1] / "checkpoints")
    (jobs[1] / "summary.json").unlink()
    (apart / "elsewhere").mkdir()
    result = train("resume=../sweep", cwd=apart / "elsewhere")
    assert (result.returncode, "3 of 3 jobs finished" in result.stdout) == (0, True), result.stderr
    assert checkpoint(jobs[1])[MARK]["record"]["init"]["path"] == str(apart / "other")


# which checkpoint


def test_a_checkpoint_may_be_named_and_a_damaged_last_one_is_passed_over(apart, capsys):
    folder = apart / "other" / "checkpoints"
    assert begun(folder / "00000004.ckpt").record["init"]["iteration"] == 4
    (folder / "last.ckpt").write_bytes((folder / "last.ckpt").read_bytes()[:-1000])
    for path in folder.glob("00000006.ckpt"):
        path.unlink()
    capsys.readouterr()
    assert begun(apart / "other").record["init"]["iteration"] == 4
    assert capsys.readouterr().err.startswith("warning: ")
    result = train(*SMALL, "folder=run", "init=other/checkpoints/last.ckpt", cwd=apart)
    assert (result.returncode, result.stderr.startswith("init: other/checkpoints/last.ckpt: ")) == (2, True)
    assert not (apart / "run").exists()


def test_digest_and_weights_are_of_one_file_although_the_other_run_goes_on(apart, monkeypatch):
    last, calls = apart / "other" / "checkpoints" / "last.ckpt", []

    def read(path):
        content = read_checkpoint(path)
        if not calls:  # the other run saves just now
            later = {**content, MARK: {**content[MARK], "clock": {**content[MARK]["clock"], "iteration": 8}}}
            AtomicCheckpointIO().save_checkpoint(later, last)
        calls.append(path)
        return content

    monkeypatch.setattr("saddle.run.transfer.read_checkpoint", read)
    content, digest = read_with_digest(last)
    monkeypatch.undo()
    assert (content[MARK]["clock"]["iteration"], len(calls)) == (8, 2)
    assert digest == read_with_digest(last)[1]


# what is refused


@pytest.mark.parametrize(("overrides", "sentence"), OTHER_NETWORKS.items())
def test_other_networks_are_refused_before_training(place, tmp_path, overrides, sentence):
    gray_images(tmp_path / "FOLDER")
    init = [] if overrides.startswith("init=") else [f"init={place / 'other'}"]
    networks = [] if overrides.startswith(("architecture=", "game=")) else NETWORKS
    result = train(*DATA, *networks, *overrides.split(), *init, "folder=run", cwd=tmp_path)
    last = place / "other" / "checkpoints" / "last.ckpt"
    assert (result.returncode, result.stderr) == (2, sentence.format(last) + "\n")
    assert not (tmp_path / "run").exists()


def test_nothing_that_a_strangers_checkpoint_names_is_built(apart):
    last = apart / "other" / "checkpoints" / "last.ckpt"
    content = read_checkpoint(last)
    for spoil in ({"_target_": "os.system"}, {"activation": "\x1b[31m"}, {"widths": {"a": [1]}}, {"new": 3}):
        record = {**content[MARK]["record"]}
        record["architecture"] = {**record["architecture"]}
        record["architecture"]["generator"] = {**record["architecture"]["generator"], **spoil}
        AtomicCheckpointIO().save_checkpoint({**content, MARK: {**content[MARK], "record": record}}, last)
        result = train(*SMALL, "folder=run", "init=other", cwd=apart)
        assert result.returncode == 2
        assert result.stderr.startswith("init: architecture.generator")
        assert result.stderr[:-1].isprintable()
    for architecture in (None, {}, {"generator": 3}):
        record = {**content[MARK]["record"], "architecture": architecture}
        AtomicCheckpointIO().save_checkpoint({**content, MARK: {**content[MARK], "record": record}}, last)
        assert "holds no generator" in train(*SMALL, "folder=run", "init=other", cwd=apart).stderr


def test_tensors_that_do_not_fit_the_record_are_refused(apart):
    last = apart / "other" / "checkpoints" / "last.ckpt"
    content = read_checkpoint(last)
    name = "discriminator.layers.5.parametrizations.weight.original"
    for value in (content["state_dict"][name][:3], None, "text"):
        state = {**content["state_dict"], name: value}
        if value is None:
            del state[name]
        AtomicCheckpointIO().save_checkpoint({**content, "state_dict": state}, last)
        result = train(*SMALL, "folder=run", "init=other", cwd=apart)
        assert (result.returncode, name in result.stderr) == (2, True), result.stderr
