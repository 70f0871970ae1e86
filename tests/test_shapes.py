"""Rectangular pictures with transparency, from a folder of one's own to every output."""

import json
import os
import sys

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import saddle
from helpers import REPOSITORY, checkpoint, differences, train, train_afresh
from saddle.cli.tools import run_tool
from saddle.config.compose import compose
from saddle.data.loader import as_floats
from saddle.factory.parts import build_parts

OWN_PARTS = REPOSITORY / "examples" / "own_parts"
SETTINGS = ["architecture=dcgan", "architecture.generator.widths=4", "architecture.discriminator.widths=4"]
SETTINGS += ["data=image_folder", "data.root=signs", "data.image_size=[16,24]", "data.channels=4", "data.classes=2"]
SETTINGS += ["data.batch_size=8", "data.flip=true", "augmentation=ada", "augmentation.ada.hue=true"]
SETTINGS += ["loss=non_saturating", "architecture.conditional=true", "trainer=cpu"]


def signs(root):
    """Folders of discs and boxes in bright colors on nothing, of several sizes."""
    random = np.random.default_rng(0)
    for number in range(160):
        width, height = 3 * random.integers(8, 14), 2 * random.integers(8, 14)
        image = Image.new("RGBA", (width, height), (0, 255, 0, 0))  # invisible green
        box = (width // 4, height // 4, 3 * width // 4, 3 * height // 4)
        draw, color = ImageDraw.Draw(image), (*random.integers(100, 256, 3).tolist(), 255)
        kind = "boxes" if number % 2 else "discs"
        (draw.rectangle if number % 2 else draw.ellipse)(box, fill=color)
        (root / kind).mkdir(parents=True, exist_ok=True)
        image.save(root / kind / f"{number}.{'webp' if number % 3 else 'png'}")
    return root


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of signs, and a run of four iterations on them."""
    place = tmp_path_factory.mktemp("shapes")
    signs(place / "signs")
    result = train(*SETTINGS, "trainer.max_steps=4", "checkpoints.every_images=16", "folder=run", cwd=place)
    assert result.returncode == 0, result.stderr
    return place


@pytest.fixture(scope="module")
def run(place):
    return saddle.open_run(place / "run", ["data.root=" + str(place / "signs")])


def test_a_run_says_what_it_made_and_goes_on_to_the_bit(place):
    data = json.loads((place / "run" / "summary.json").read_text(encoding="utf-8"))["data"]
    assert (data["image_size"], data["images"]) == ([16, 24], 160)
    record = checkpoint(place / "run")["saddle"]["record"]
    assert record["data"]["image_size"] == record["architecture"]["generator"]["image_size"] == [16, 24]
    assert record["architecture"]["generator"]["widths"] == [8, 4]
    result = train(*SETTINGS, "trainer.max_steps=2", "folder=halves", cwd=place)
    assert result.returncode == 0, result.stderr
    result = train("resume=halves", "trainer.max_steps=4", cwd=place)
    assert result.returncode == 0, result.stderr
    states = [checkpoint(place / name)["state_dict"] for name in ("run", "halves")]
    assert differences(*states) == []
    with Image.open(place / "run" / "samples" / "00000004.png") as grid:
        assert (grid.mode, grid.height) == ("RGB", 2 * (4 * 16 + 2) + 2)  # a row for each class


def test_samples_have_alpha_in_files_and_a_checkerboard_in_grids(place, run):
    images = run.sample(6, seed=3)
    assert images.shape == (6, 4, 16, 24)
    folder = str(place / "run")
    for name, form in {"png": "png", "a.npz": "npz", "grid.png": "grid"}.items():
        arguments = ["--num", "6", "--seed", "3", "--format", form, "--out", str(place / name)]
        assert run_tool(["sample", folder, *arguments]) == 0
    expected = images.permute(0, 2, 3, 1).numpy()
    assert np.array_equal(np.load(place / "a.npz")["images"], expected)
    with Image.open(place / "png" / "000002.png") as image:
        assert (image.mode, image.size) == ("RGBA", (24, 16))
        assert np.array_equal(np.asarray(image), expected[2])
    with Image.open(place / "grid.png") as grid:
        assert (grid.mode, grid.height) == ("RGB", 2 * (4 * 16 + 2) + 2)
    assert run_tool(["film", folder, "--out", str(place / "film.gif")]) == 0


def test_what_networks_see_holds_no_color_that_nobody_sees(run):
    images, _ = run.image_data.training()
    assert images.shape == (160, 4, 16, 24)
    hidden = images[:, 3:] == 0
    assert hidden.any(1).flatten(1).any(1).all()
    assert not images[:, :3].masked_select(hidden).any()
    floats = as_floats(images)
    assert (floats[:, :3] <= floats[:, 3:] + 1e-6).all()


def test_metrics_are_those_of_images_on_the_background(place, run, capsys):
    settings = [text for text in SETTINGS if text.startswith("data.") and "flip" not in text] + ["data=image_folder"]
    settings[settings.index("data.root=signs")] = f"data.root={place / 'signs'}"
    file = place / "signs.safetensors"
    assert run_tool(["extractor", *settings, "--epochs", "1", "--out", str(file)]) == 0
    card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert (card["channels"], card["image_size"]) == (3, [16, 24])
    evaluation = run.evaluate(100, extractor=file)
    assert evaluation.samples["frechet"] > 0
    np.savez(place / "real.npz", images=run.image_data.training()[0].permute(0, 2, 3, 1).numpy())
    out = place / "real.json"
    arguments = ["--extractor", str(file), "--cache", str(place / "cache"), "--out", str(out)]
    assert run_tool(["evaluate", str(place / "real.npz"), *settings, *arguments]) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["samples"]["frechet"] == pytest.approx(0, abs=1e-3)


def test_an_encoder_reconstructs_them_from_bytes_as_from_floats(place):
    settings = [text for text in SETTINGS if not text.startswith(("augmentation", "loss", "architecture"))]
    settings += ["game=vae", "architecture=mlp", "architecture/encoder=mlp", "trainer.max_steps=2", "folder=vae"]
    result = train(*settings, "callback.game.num=20", cwd=place)
    assert result.returncode == 0, result.stderr
    run = saddle.open_run(place / "vae", [f"data.root={place / 'signs'}"])
    images = run.image_data.training()[0][:5]
    labels = torch.zeros(5, dtype=torch.int64) if run.classes else None
    made = run.reconstruct(images, labels=labels)
    assert torch.equal(made.images, images)
    assert made.reconstructions.shape == (5, 4, 16, 24)
    from_floats = run.reconstruct(as_floats(images), labels=labels)
    assert torch.equal(from_floats.reconstructions, made.reconstructions)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (["data.image_size=[16]"], "data.image_size=[16]: "),
        (["data.image_size=[16,0]"], "data.image_size=[16, 0]: "),
        (["data.image_size=16x24"], "data.image_size=16x24: "),
        (["data.image_size=[2,24]"], "architecture.generator: image_size=2 "),
        (["data.channels=2"], "data.channels=2: "),
        (["data.channels=4", "data.root=opaque"], "data.channels=4 reads alpha"),
        (["data.channels=4", "data.root=opaque", "data.memory_mib=0"], "data.channels=4 reads alpha"),
        (["data.root=one"], "data.root=one: "),
    ],
)
def test_what_cannot_be_is_refused_before_training(place, settings, named):
    for name, number in {"opaque": 20, "one": 1}.items():
        (place / name).mkdir(exist_ok=True)
        for index in range(number):
            Image.new("RGBA", (9, 6), (index, 0, 0, 255)).save(place / name / f"{index}.png")
    labels = ("data.classes", "architecture.conditional")
    given = [text for text in SETTINGS if not text.startswith(labels)]
    result = train(*given, *settings, "folder=refused", cwd=place)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith(named)
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (place / "refused" / "checkpoints").exists()


def test_networks_of_a_run_with_alpha_go_on_with_opaque_pictures(place):
    for index in range(20):
        (place / "solid" / str(index % 2)).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 6), (index, 0, 0)).save(place / "solid" / str(index % 2) / f"{index}.png")
    result = train(*SETTINGS, "data.root=solid", "init=run", "trainer.max_steps=1", "folder=begun", cwd=place)
    assert result.returncode == 0, result.stderr
    images = saddle.open_run(place / "begun", [f"data.root={place / 'solid'}"]).image_data.training()[0]
    assert bool((images[:, -1] == 255).all())


def test_rectangles_are_refused_by_data_and_networks_that_know_squares_alone(tmp_path):
    result = train("data=digits", "data.image_size=[16,24]", "folder=refused", cwd=tmp_path)
    assert (result.returncode, result.stderr[:27]) == (2, "data.image_size=[16, 24]: s")
    own = {"SADDLE_PLUGINS": "own_parts", "PYTHONPATH": os.pathsep.join([str(OWN_PARTS), *sys.path])}
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (9, 6)).save(tmp_path / "pictures" / "a.png")
    settings = ["data=image_folder", "data.root=pictures", "data.image_size=[16,24]", "architecture=upsampling"]
    result = train_afresh(*settings, "data.batch_size=1", "folder=refused", cwd=tmp_path, **own)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("data.image_size=[16, 24]: architecture=upsampling ")


def test_the_record_of_a_number_of_widths_is_that_of_the_list(place, monkeypatch):
    monkeypatch.chdir(place)
    short = build_parts(compose(SETTINGS))
    lists = ["architecture.generator.widths=[8,4]", "architecture.discriminator.widths=[4,8]"]
    assert build_parts(compose([*SETTINGS, *lists])).record == short.record
    default = build_parts(compose(["data=digits", "architecture=dcgan"])).record["architecture"]
    assert (default["generator"]["widths"], default["discriminator"]["widths"]) == ([64, 32], [16, 32])
    large = build_parts(compose(["data=digits", "architecture=dcgan", "data.image_size=64"])).record["architecture"]
    assert large["generator"]["widths"] == [256, 128, 64, 32]
    assert large["discriminator"]["widths"] == [16, 32, 64, 128]
