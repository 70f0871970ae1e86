import csv
import json
import shutil

import pytest
import torch

import saddle
from helpers import command, trained
from saddle import seal
from saddle.cli.tools import run_tool
from saddle.data.digits import Digits
from saddle.error import InputError
from saddle.metric.modes import captured
from saddle.run.finished import FinishedRun


def test_a_tool_loads_a_checkpoint_once_and_digests_it_once(vae, tmp_path, monkeypatch):
    loads, digests = [], []
    load, digest = torch.load, seal._digest
    monkeypatch.setattr(torch, "load", lambda path, **options: loads.append(path) or load(path, **options))
    monkeypatch.setattr(seal, "_digest", lambda file, size: digests.append(file.name) or digest(file, size))
    last = vae / "checkpoints" / "last.ckpt"
    commands = {
        "evaluate": ["--num", "100", "--cache", str(tmp_path), "--out", str(tmp_path / "metrics.json")],
        "sample": ["--num", "4", "--out", str(tmp_path / "grid.png")],
        "encode": ["--num", "4", "--out", str(tmp_path / "codes.npz")],
        "reconstruct": ["--num", "4", "--out", str(tmp_path / "pairs.png")],
        "interpolate": ["--images", "--rows", "2", "--out", str(tmp_path / "ways.png")],
    }
    for path in (vae, last):
        for number, (name, options) in enumerate(commands.items()):
            options = [text.replace(str(tmp_path), str(tmp_path / path.stem)) for text in options]
            assert run_tool([name, str(path), *options]) == 0
            assert (len(loads), len(digests)) == (number + 1, number + 1), f"saddle {name} {path}"
        assert set(map(str, loads)) == set(map(str, digests)) == {str(last)}
        loads.clear()
        digests.clear()


def test_it_says_what_the_checkpoint_and_the_folder_hold(vae):
    run = saddle.open_run(str(vae))
    assert (run.folder, run.checkpoint) == (vae, vae / "checkpoints" / "last.ckpt")
    assert (run.iteration, run.images, run.seed, run.classes) == (10, 1000, 3, 10)
    assert (run.reads, run.makes_points, run.uses_average) == ("latent", False, True)
    assert run.record["data"]["image_size"] == 20
    assert run.summary == json.loads((vae / "summary.json").read_text())
    with (vae / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name, curve in run.curves.items():
        filled = [row for row in rows if row[name]]
        assert curve.iterations == [int(row["iteration"]) for row in filled]
        assert curve.values == [float(row[name]) for row in filled]
    assert {"metric/frechet", "images"} <= run.curves.keys()
    assert repr(run) == f"FinishedRun({str(vae)!r}, VAE on Digits, iteration 10, seed 3)"
    assert run.network("generator") is run.generator
    assert not run.generator.training
    assert type(run.game).__name__ == "VAE"
    assert isinstance(run.data, Digits)
    assert run.data is run.data


def test_its_config_has_every_setting_as_a_plain_value(vae, tmp_path, monkeypatch):
    monkeypatch.chdir(vae.parent)
    run = saddle.open_run(vae.name)
    config = run.config
    assert json.loads(json.dumps(config)) == config
    assert (config["seed"], config["trainer"]["max_steps"], config["optimizer"]["lr"]) == (3, 10, 0.002)
    assert config["optimizer"]["generator"]["lr"] == 0.002
    assert config["folder"] == config["trainer"]["default_root_dir"] == str(vae)
    for group in ("loss", "penalty", "augmentation", "game"):
        assert config[group] == run.record[group]
    alone = tmp_path / "alone.ckpt"
    shutil.copy(run.checkpoint, alone)
    alone = saddle.open_run(alone)
    assert alone.config == alone.record
    assert alone.config is not alone.record


def test_points_are_points(points, vae):
    run = FinishedRun.open(points / "checkpoints" / "last.ckpt")
    assert run.makes_points
    assert (run.classes, run.reads, run.folder) == (0, "latent", points)
    samples = run.sample(300)
    assert (samples.dtype, tuple(samples.shape)) == (torch.float32, (300, 2))
    data = run.point_data
    assert (data.size, len(data.modes)) == (2000, 8)
    assert captured(data.modes, data.modes, data.std).modes == 8
    with pytest.raises(InputError, match="makes points"):
        _ = run.image_data
    with pytest.raises(InputError, match=r"data\.root=x: a run on points"):
        saddle.open_run(points, ["data.root=x"])
    with pytest.raises(InputError, match="makes images"):
        _ = FinishedRun.open(vae).point_data


def test_what_cannot_be_is_refused_in_a_sentence(vae, points, tmp_path):
    run, on_points = FinishedRun.open(vae), FinishedRun.open(points)
    refused = {
        "holds no inverse": lambda: run.network("inverse"),
        "game=adversarial trains no encoder": lambda: on_points.encoder,
        "data.limit=5: .*; leave it out": lambda: saddle.open_run(vae, ["data.limit=5"]),
        "data.root=x: .*in no folder": lambda: saddle.open_run(vae, ["data.root=x"]),
        "there is no such run folder": lambda: FinishedRun.open(tmp_path / "none"),
        "expected a run folder with checkpoints/last.ckpt": lambda: FinishedRun.open(tmp_path),
    }
    for message, play in refused.items():
        with pytest.raises(InputError, match=message) as caught:
            play()
        assert len(str(caught.value).splitlines()) == 1


def test_a_folder_gives_the_latest_sound_checkpoint_and_a_lone_file_has_no_folder(vae, tmp_path, capsys, monkeypatch):
    copy = tmp_path / "run"
    shutil.copytree(vae, copy)
    last = copy / "checkpoints" / "last.ckpt"
    shutil.copy(last, tmp_path / "alone.ckpt")
    for path in (last, last.with_name("00000010.ckpt")):
        path.write_bytes(path.read_bytes()[:-1000])
    run = FinishedRun.open(copy)
    assert (run.iteration, run.checkpoint.name, run.folder) == (5, "00000005.ckpt", copy)
    run.sample(2)
    assert capsys.readouterr().err.count("00000005.ckpt, of iteration 5, is used instead") == 1
    with pytest.raises(InputError, match="truncated one; use another one"):
        FinishedRun.open(last)
    alone = FinishedRun.open(tmp_path / "alone.ckpt")
    assert (alone.iteration, alone.folder) == (10, None)
    monkeypatch.chdir(vae / "checkpoints")
    assert FinishedRun.open("last.ckpt").folder == vae
    for read in (lambda: alone.summary, lambda: alone.curves):
        with pytest.raises(InputError, match="this checkpoint is in none"):
            read()
    (copy / "summary.json").write_text("{")
    with pytest.raises(InputError, match=r"summary\.json: the summary is damaged"):
        _ = run.summary
    (copy / "summary.json").unlink()
    with pytest.raises(InputError, match=r"there is no summary\.json"):
        _ = run.summary
    for text in ("a,b\n1,2\n", "iteration,loss\n1,x\n", "iteration\n1,2\n"):
        (copy / "metrics.csv").write_text(text)
        with pytest.raises(InputError, match=r"metrics\.csv: the curves are damaged"):
            _ = run.curves


def test_a_folder_is_found_by_text_from_home_and_the_data_where_it_was_moved(vae, mnist_root, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(vae.parent))
    assert saddle.open_run(f"~/{vae.name}").checkpoint == vae / "checkpoints" / "last.ckpt"
    on_files = tmp_path / "run"
    trained(on_files, "data=mnist", "data.limit=200", "trainer.max_steps=1", f"data.root={mnist_root}")
    (tmp_path / "moved").symlink_to(mnist_root)
    moved = saddle.open_run(on_files, [f"data.root={tmp_path / 'moved'}"])
    assert moved.image_data.root == tmp_path / "moved"
    assert len(moved.image_data.training()[0]) == 200


def test_importing_saddle_loads_nothing_heavy_and_opens_a_run(vae):
    code = f"""
import sys, saddle
assert not {{"torch", "lightning", "hydra", "numpy"}} & sys.modules.keys()
try:
    saddle.open_run("nowhere")
except saddle.error.InputError as error:
    print(error)
assert not {{"torch", "lightning", "hydra", "numpy"}} & sys.modules.keys()
print(tuple(saddle.open_run({str(vae)!r}).sample(3, labels=7).shape))
"""
    result = command("-c", code)
    assert result.stdout == "nowhere: there is no such run folder or checkpoint\n(3, 1, 20, 20)\n", result.stderr
