"""Each method does what the tool of its name does, to the bit, and changes nothing else in the process."""

import json
import logging
import os
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import saddle
from helpers import train, trained
from saddle.callback.summary import finite
from saddle.cli.tools import run_tool
from saddle.error import ArgumentError, InputError
from saddle.picture.grid import image_grid, row_grid
from saddle.seed import hashed_seed
from saddle.training.class_labels import labels_in_shares
from saddle.training.sampling import as_floats

TRANSLATING = ["experiment=cyclegan", "data.image_size=12", "data.limit=64", "data.batch_size=8", "trainer.max_steps=2"]
TRANSLATING += ["architecture.generator.width=2", "architecture.generator.halvings=1", "trainer=cpu"]
TRANSLATING += ["architecture.generator.blocks=1", "architecture.discriminator.widths=[4]", "data.target=inverted"]
TRANSLATING += ["callback.quality.num=40", "callback.game.num=20"]


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    """A conditional run with a gaussian encoder, and batch norm, whose statistics are computed anew."""
    path = tmp_path_factory.mktemp("vae") / "run"
    normalized = "architecture.generator.normalization=batch"
    trained(path, "game=vae", "trainer.max_steps=3", "architecture.conditional=true", "data.image_size=20", normalized)
    return path


@pytest.fixture(scope="module")
def bigan(tmp_path_factory):
    """A run without labels, whose encoder is not gaussian."""
    path = tmp_path_factory.mktemp("bigan") / "run"
    trained(path, "game=bigan", "trainer.max_steps=2", "data.image_size=20")
    return path


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    path = tmp_path_factory.mktemp("points") / "run"
    result = train("experiment=ring", "data.size=2000", "trainer.max_steps=2", f"hydra.run.dir={path}")
    assert result.returncode == 0, result.stderr
    return path


@pytest.fixture(scope="module")
def cyclegan(mnist_root, tmp_path_factory):
    path = tmp_path_factory.mktemp("translating") / "run"
    result = train(*TRANSLATING, f"hydra.run.dir={path}")
    assert result.returncode == 0, result.stderr
    return path


def tool(name: str, folder, out, *options: str):
    """The path that a tool has written."""
    assert run_tool([name, str(folder), "--out", str(out), *options]) == 0
    return out


def channels_first(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def shows(path, picture: torch.Tensor) -> bool:
    """Whether a PNG file of gray images shows exactly this picture (1, H, W)."""
    return np.array_equal(np.asarray(Image.open(path).convert("L")), picture[0].numpy())


def test_sample(vae, bigan, points, tmp_path):
    run = saddle.open_run(vae)
    cases = {
        (): {},
        ("--label", "7", "--truncation", "0.5", "--seed", "2"): {"labels": 7, "truncation": 0.5, "seed": 2},
    }
    for number, (options, arguments) in enumerate(cases.items()):
        found = np.load(tool("sample", vae, tmp_path / f"{number}", "--num", "12", "--format", "npz", *options))
        images = run.sample(12, **arguments)
        assert (images.dtype, tuple(images.shape)) == (torch.uint8, (12, 1, 20, 20))
        assert torch.equal(images, channels_first(found["images"]))
        assert torch.equal(run.labels(12, arguments.get("labels")), torch.from_numpy(found["labels"]))
    assert shows(tool("sample", vae, tmp_path / "grid.png"), image_grid(run.sample(), run.labels(64), run.class_names))
    assert saddle.open_run(bigan).labels(12) is None
    found = np.load(tool("sample", points, tmp_path / "points", "--num", "300", "--format", "npz"))["points"]
    assert np.array_equal(saddle.open_run(points).sample(300).numpy(), found)


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor, lambda labels: np.array(labels, np.uint8)])
def test_labels_may_be_of_any_kind(vae, kind):
    run = saddle.open_run(vae)
    images = run.sample(3, labels=kind([4, 4, 1]))
    assert torch.equal(images[:2], run.sample(2, labels=4))
    assert torch.equal(images[2:], run.sample(3, labels=np.int64(1))[2:])


def test_interpolate(vae, bigan, tmp_path):
    sizes = ["--rows", "3", "--steps", "4", "--seed", "5"]
    for folder in (vae, bigan):
        run = saddle.open_run(folder)
        images = run.interpolate(3, steps=4, seed=5)
        assert (images.dtype, tuple(images.shape)) == (torch.uint8, (3, 4, 1, 20, 20))
        names = run.class_names[:3] if run.classes else ()
        grid = tool("interpolate", folder, tmp_path / f"{folder.parent.name}.png", *sizes)
        assert shows(grid, row_grid(images, names))
        between = run.interpolate(3, steps=4, seed=5, images=True)
        assert tuple(between.shape) == (3, 6, 1, 20, 20)
        out = tmp_path / f"{folder.parent.name}-images.png"
        assert shows(tool("interpolate", folder, out, *sizes, "--images"), row_grid(between))
        training = run.image_data.training()[0]
        assert (training == between[1, 0]).flatten(1).all(1).any()
        assert (training == between[1, -1]).flatten(1).all(1).any()


def test_encode(vae, bigan, tmp_path):
    for folder in (vae, bigan):
        run = saddle.open_run(folder)
        encoded = run.encode(num=30)
        found = np.load(tool("encode", folder, tmp_path / folder.parent.name, "--num", "30"))
        for name in ("codes", "log_variance", "labels"):
            values = getattr(encoded, name)
            assert (values is None) == (name not in found.files)
            assert values is None or np.array_equal(values.numpy(), found[name])
        images = run.image_data.training()[0][:30]
        for given in (images, images.numpy(), as_floats(images)):
            assert torch.equal(run.encode(given).codes, encoded.codes)
        assert run.encode(images).labels is None
        assert "holds out no others" in encoded.description
        assert run.encode(training=True, num=1).description == "training images"
    assert len(run.encode().codes) == 1797


def test_reconstruct(vae, bigan, tmp_path, capsys):
    for folder in (vae, bigan):
        run = saddle.open_run(folder)
        made = run.reconstruct(num=20)
        assert made.images.dtype == made.reconstructions.dtype == torch.uint8
        out = tool("reconstruct", folder, tmp_path / f"{folder.parent.name}.png", "--num", "20")
        assert f"mean squared error per pixel {made.error:.5f}" in capsys.readouterr().out
        rows = [made.images[:10], made.reconstructions[:10], made.images[10:], made.reconstructions[10:]]
        assert shows(out, row_grid(torch.stack(rows)))
        batch = run.image_data.held_out(20)
        labels = batch["label"] if run.classes else None
        for images in (made.images, batch["image"], batch["image"].double().numpy()):
            again = run.reconstruct(images, labels=labels)
            assert torch.equal(again.reconstructions, made.reconstructions)
            assert again.error == pytest.approx(made.error, rel=1e-6)
        assert len(run.reconstruct().images) == 40
    with pytest.raises(InputError, match="labels: the generator of .* is told each image's class"):
        saddle.open_run(vae).reconstruct(made.images)


def test_translate(cyclegan, tmp_path, capsys):
    run = saddle.open_run(cyclegan)
    made = run.translate(num=5, back=True)
    found = np.load(tool("translate", cyclegan, tmp_path / "a.npz", "--num", "5", "--back", "--format", "npz"))
    assert found.files == ["sources", "images", "back", "counterparts", "labels", "class_names"]
    for name in found.files[:4]:
        assert torch.equal(getattr(made, name), channels_first(found[name]))
    assert np.array_equal(made.labels.numpy(), found["labels"])
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines()[:-1])
    assert printed == {name: f"{value:.4f}" for name, value in made.metrics.items()}
    assert torch.equal(run.sample(5), made.images)
    for sources in (made.sources, made.sources.numpy(), as_floats(made.sources)):
        given = run.translate(sources, back=True)
        assert torch.equal(given.images, made.images)
        assert torch.equal(given.back, made.back)
        assert torch.equal(run.sample(5, sources=sources), made.images)
    assert (given.counterparts, given.labels, given.metrics) == (None, None, {})
    plain = run.translate()
    assert (len(plain.images), plain.back) == (8, None)


@pytest.mark.parametrize(("name", "num"), [("vae", 100), ("points", 200), ("cyclegan", 40)])
def test_evaluate(name, num, request, tmp_path):
    folder = request.getfixturevalue(name)
    out = tool("evaluate", folder, tmp_path / "metrics.json", "--num", str(num), "--cache", str(tmp_path / "cache"))
    evaluation = saddle.open_run(folder).evaluate(num)
    assert json.loads(json.dumps(finite(evaluation.as_json()))) == json.loads(out.read_text())
    assert not (folder / "evaluation").exists()


def test_evaluate_measures_the_samples_that_training_measured_and_writes_only_its_cache(vae, tmp_path):
    run = saddle.open_run(vae)
    evaluation = run.evaluate(100, cache=str(tmp_path / "cache"))
    labels = labels_in_shares(run.label_shares, 100)
    assert torch.equal(evaluation.images, run.sample(100, labels=labels, seed=hashed_seed(run.seed, "quality")))
    score = run.summary["metrics"]["metric/score"]
    assert evaluation.samples["score"] == pytest.approx(score)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".safetensors"]


def calls(run):
    """What a run gives, by the name of the method; each is computed when it is called."""
    if run.reads == "source":
        return {"sample": lambda: run.sample(3), "translate": lambda: run.translate(num=3).images}
    return {
        "generator": lambda: next(run.generator.parameters()),
        "sample": lambda: run.sample(3, labels=[1, 2, 3]),
        "interpolate": lambda: run.interpolate(2, steps=3, images=True),
        "encode": lambda: run.encode(num=3).codes,
        "reconstruct": lambda: run.reconstruct(num=3).reconstructions,
        "evaluate": lambda: run.evaluate(100).images,
    }


def state_of_the_process() -> dict:
    signals = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    return {
        "random": (torch.random.get_rng_state().tolist(), np.random.get_state()[1].tolist()),
        "torch": (torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()),
        "logging": (logging.root.level, list(logging.root.handlers), logging.getLogger("lightning.pytorch").level),
        "signals": signals,
        "folder": Path.cwd(),
        "arguments": list(sys.argv),
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "streams": (sys.stdout, sys.stderr, sys.excepthook),
    }


@pytest.mark.parametrize("name", ["vae", "cyclegan"])
def test_a_program_finds_all_as_it_was_and_gets_the_same_bits_whatever_it_has_set(name, request, tmp_path, monkeypatch):
    run = saddle.open_run(request.getfixturevalue(name))
    expected = {method: call() for method, call in calls(run).items()}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["notebook", "--nonsense", "x=y"])
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        before = state_of_the_process()
        again = saddle.open_run(run.path)
        for method, call in calls(again).items():
            found = call()
            after = state_of_the_process()
            assert [key for key in before if before[key] != after[key]] == [], method
            assert found.dtype == expected[method].dtype, method
            assert torch.equal(found, expected[method]), method
        assert again.config
        assert again.curves
        assert state_of_the_process() == before
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_refused_in_a_sentence_that_names_the_argument(vae, bigan, points):
    run, plain, on_points = (saddle.open_run(folder) for folder in (vae, bigan, points))
    images = run.image_data.training()[0][:2]
    refused = [
        (lambda: run.sample(2, labels=10), "labels=10: .* knows the classes 0 to 9"),
        (lambda: run.sample(2, labels=[1, -1]), "labels=-1: .* knows the classes 0 to 9"),
        (lambda: run.sample(2, labels=[1, 1, 1]), "labels: expected one class or 2 of them"),
        (lambda: run.sample(2, labels="seven"), "labels=seven: .* knows the classes 0 to 9"),
        (lambda: run.sample(2, labels=1.5), "labels: expected whole numbers"),
        (lambda: plain.sample(2, labels=1), "labels=1: .* takes no labels"),
        (lambda: run.sample(2, truncation=0), "truncation=0: use a number above 0"),
        (lambda: run.sample(2, sources=images), "sources: .* made of noise"),
        (lambda: run.sample(0), "num=0: use at least 1"),
        (lambda: run.sample(10**13), r"num=10000000000000: this needs [\d,.]+ GiB"),
        (lambda: run.interpolate(steps=1), "steps=1: a way has two ends"),
        (lambda: run.interpolate(0), "rows=0: use at least 1"),
        (lambda: run.interpolate(10**10), r"rows=10000000000: this needs [\d,.]+ GiB"),
        (lambda: run.interpolate(899, images=True), "rows=899: this needs 1798 images, and there are 1797"),
        (lambda: on_points.interpolate(), "makes points, and a way between points"),
        (lambda: on_points.encode(), "game=adversarial trains no encoder"),
        (lambda: on_points.reconstruct(), "game=adversarial trains no encoder"),
        (lambda: run.encode(images, num=2), "images: training and num choose"),
        (lambda: run.encode(images, training=True), "images: training and num choose"),
        (lambda: run.encode(images[0]), r"images: expected images of the shape \(N, 1, 20, 20\)"),
        (lambda: run.encode(images.float()), "images: expected uint8, or floats from -1 to 1"),
        (lambda: run.encode(images.long()), "images: expected uint8, or floats"),
        (lambda: run.encode(num=0), "num=0: use at least 1"),
        (lambda: run.reconstruct(labels=1), "labels: the run's own images"),
        (lambda: run.reconstruct(images, labels=1, num=2), "num: it is the number of the run's own"),
        (lambda: plain.reconstruct(images, labels=1), "labels=1: .* takes no labels"),
        (lambda: run.translate(), "translates nothing"),
        (lambda: on_points.translate(), "translates nothing"),
        (lambda: run.evaluate(3), "num=3: too few to measure: use at least 4"),
        (lambda: on_points.evaluate(99), "num=99: too few to measure: use at least 100"),
        (lambda: on_points.evaluate(extractor="x.pth"), "extractor=x.pth: it reads images"),
        (lambda: run.evaluate(extractor="none"), "extractor=none: without a classifier nothing is measured"),
    ]
    for call, message in refused:
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert len(str(caught.value).splitlines()) == 1


def test_a_run_that_translates_refuses_what_a_latent_is_needed_for(cyclegan):
    run = saddle.open_run(cyclegan)
    refused = [
        (lambda: run.sample(2, labels=1), "labels=1: .* translates images"),
        (lambda: run.sample(2, truncation=1), "truncation=1: .* translates images"),
        (lambda: run.sample(2, sources=torch.zeros(2, 1, 3, 3)), "sources: expected images of the shape"),
        (lambda: run.interpolate(), "translates images: there is no latent to go through"),
        (lambda: run.encode(), "game=cyclegan trains no encoder"),
        (lambda: run.reconstruct(), "game=cyclegan trains no encoder"),
        (lambda: run.translate(torch.zeros(1, 1, 9, 9)), "sources: expected images of the shape .N, 1, 12, 12"),
        (lambda: run.translate(torch.zeros(1, 1, 12, 12), num=1), "num: it is the number"),
        (lambda: run.translate(num=0), "num=0: use at least 1"),
    ]
    for call, message in refused:
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert len(str(caught.value).splitlines()) == 1


def test_a_command_says_of_its_option_what_a_method_says_of_its_argument(vae, tmp_path, capsys):
    with pytest.raises(ArgumentError) as caught:
        saddle.open_run(vae).sample(2, labels=12)
    assert str(caught.value).startswith("labels=12: ")
    assert run_tool(["sample", str(vae), "--label", "12", "--out", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.strip() == f"--label 12: {caught.value.reason}"
