"""A folder for model hubs, whose card works where neither saddle nor torch is installed."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from exports import DCGAN, LABELS, opened
from helpers import REPOSITORY, train
from saddle.cli.tools import run_tool
from saddle.export.card import card_of, command_of
from saddle.export.description import described
from saddle.export.network import networks_of
from saddle.run.finished import FinishedRun

NEEDED = ("numpy", "numpy.libs", "onnxruntime", "PIL", "pillow.libs", "flatbuffers", "google", "packaging")
"""The packages, and their libraries, that the snippet of a card is run with."""


def run_snippet(card: Path, folder: Path) -> None:
    """Run the first example of a card in `folder`, in a Python that finds `NEEDED` alone."""
    [snippet, *_] = re.findall(r"```python\n(.*?)```", card.read_text(encoding="utf-8"), re.DOTALL)
    assert len(snippet.splitlines()) <= 15
    packages = folder / "packages"
    packages.mkdir()
    site = Path(importlib.util.find_spec("numpy").origin).parents[1]
    for name in NEEDED:
        if (site / name).exists():
            (packages / name).symlink_to(site / name)
    script = f"import sys\nsys.path.append({str(packages)!r})\n{snippet}\n"
    for name in ("torch", "saddle"):
        script += f"try:\n    import {name}\nexcept ImportError:\n    pass\nelse:\n    raise AssertionError\n"
    command = [sys.executable, "-I", "-S", "-c", script]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("truncation", [pytest.param(None, marks=pytest.mark.slow), 1.5])
def test_the_example_of_the_card_makes_samples_without_saddle_and_torch(tmp_path, picture_folder, truncation):
    run = opened(tmp_path, picture_folder, *DCGAN, *LABELS)
    out = tmp_path / "hub"
    run.export(out, format="hub", truncation=truncation)
    assert {path.suffix for path in out.iterdir()} == {".md", ".onnx", ".safetensors", ".json", ".png"}
    run_snippet(out / "README.md", out)
    random = np.random.default_rng(0)
    latent = random.standard_normal((16, run.generator.latent_dim), dtype=np.float32)
    while truncation is not None and (far := np.abs(latent) > truncation).any():
        latent[far] = random.standard_normal(far.sum())
    with torch.no_grad():
        images = run.generator(torch.from_numpy(latent), torch.arange(16) % 10)
    for number, expected in enumerate(((images[:, 0] + 1) * 127.5).round()):
        with Image.open(out / f"{number}.png") as image:
            assert np.abs(np.asarray(image).astype(int) - expected.numpy()).max() <= 1


@pytest.mark.slow
def test_points_are_printed(tmp_path, picture_folder):
    run = opened(tmp_path, picture_folder, "experiment=ring")
    run.export(tmp_path / "hub", format="hub")
    run_snippet(tmp_path / "hub" / "README.md", tmp_path / "hub")


@pytest.mark.slow
def test_translations_are_made_of_a_picture(cyclegan, tmp_path):
    run = FinishedRun.open(cyclegan)
    run.export(tmp_path / "hub", format="hub")
    source = run.image_data.held_out(1)["source"]
    levels = ((source[0, 0] + 1) * 127.5).round().to(torch.uint8)
    Image.fromarray(levels.numpy()).save(tmp_path / "hub" / "source.png")
    run_snippet(tmp_path / "hub" / "README.md", tmp_path / "hub")
    [expected] = run.translate(levels[None, None]).images
    with Image.open(tmp_path / "hub" / "translation.png") as image:
        assert np.abs(np.asarray(image).astype(int) - expected[0].numpy()).max() <= 1


def test_the_card_says_what_is_known_and_no_place_of_this_machine(tmp_path, picture_folder, capsys):
    settings = ["data=image_folder", f"data.root={picture_folder}", "data.image_size=16", "architecture=mlp"]
    settings += ["data.license=CC0 of the zoo", "data.batch_size=8"]
    settings += ["trainer.max_steps=2", "callback.quality.extractor=none"]
    result = train(*settings, f"hydra.run.dir={tmp_path / 'run'}")
    assert result.returncode == 0, result.stderr
    assert run_tool(["export", str(tmp_path / "run"), "--format", "hub", "--out", str(tmp_path / "hub")]) == 0
    assert "hf upload OWNER/NAME" in capsys.readouterr().out
    card = (tmp_path / "hub" / "README.md").read_text(encoding="utf-8")
    assert str(tmp_path) not in card
    assert str(picture_folder) not in card
    for text in (picture_folder.name, "2 iterations", "Not measured", "License of the data: CC0 of the zoo."):
        assert text in card
    command = command_of(FinishedRun.open(tmp_path / "run"))
    assert command.startswith("saddle train data=image_folder 'data.root=")
    assert "data.image_size=16 architecture=mlp" in command
    evaluation = {"samples": {"frechet": 4.5, "kernel": None}, "test": {"frechet": 1.25}, "stamp": {"generated": 100}}
    (tmp_path / "run" / "evaluation").mkdir()
    (tmp_path / "run" / "evaluation" / "00000002-100.json").write_text(json.dumps(evaluation))
    assert run_tool(["export", str(tmp_path / "run"), "--format", "hub", "--out", str(tmp_path / "measured")]) == 0
    card = (tmp_path / "measured" / "README.md").read_text(encoding="utf-8")
    assert "| frechet | 4.5000 | 1.2500 |" in card
    assert "kernel" not in card
    assert '`{"generated": 100}`' in card


def test_nothing_is_uploaded_by_saddle():
    sources = (REPOSITORY / "src" / "saddle").rglob("*.py")
    assert not [path for path in sources if "huggingface_hub" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    ("data", "words"),
    [("digits", "CC BY 4.0"), ("stacked_mnist", "CC BY-SA 3.0"), ("ring", "not recorded; ask whoever made it")],
)
def test_the_card_names_the_license_of_known_data(tmp_path, picture_folder, data, words):
    own = ["experiment=ring"] if data == "ring" else [f"data={data}", "architecture=mlp"]
    run = opened(tmp_path, picture_folder, *own)
    description = described(run, networks_of(run)[0], None, None)
    assert f"License of the data: {words}." in card_of(run, description, [])
