"""Each method does what the tool of its name does, to the bit, and changes nothing else in the process."""

import json
import logging
import os
import signal
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import saddle
from saddle.callback.summary import finite
from saddle.cli.tools import run_tool
from saddle.error import InputError
from saddle.picture.grid import image_grid, row_grid, scale_of
from saddle.seed import hashed_seed
from saddle.training.class_labels import labels_in_shares
from saddle.training.sampling import as_floats


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
    images = run.sample()
    grid = image_grid(images, run.labels(64), run.class_names, scale_of(images))
    assert shows(tool("sample", vae, tmp_path / "grid.png"), grid)
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
        assert shows(grid, row_grid(images, names, scale_of(images)))
        between = run.interpolate(3, steps=4, seed=5, images=True)
        assert tuple(between.shape) == (3, 6, 1, 20, 20)
        out = tmp_path / f"{folder.parent.name}-images.png"
        assert shows(tool("interpolate", folder, out, *sizes, "--images", "--scale", "1"), row_grid(between))
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
        assert shows(out, row_grid(torch.stack(rows), scale=scale_of(torch.stack(rows))))
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
        "export": lambda: exported(run),
    }


def exported(run) -> torch.Tensor:
    """The bytes of an exported model of the encoder."""
    with tempfile.TemporaryDirectory() as folder:
        [file, *_] = run.export(Path(folder, "out"), format="onnx")
        return torch.tensor(list(file.file.read_bytes()), dtype=torch.uint8, device="cpu")


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


@pytest.mark.slow
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
