"""Every kind of generator, and every game with further networks, is exported as what it is."""

import numpy as np
import onnxruntime
import pytest
import torch

from exports import BATCH_NORM, DCGAN, LABELS, MLP, SPECTRAL, opened

WITHOUT_LABELS = ["architecture.conditional=false"]
FOLDER = ["data=image_folder", "data.root=FOLDER", "data.classes=2"]
RECTANGLE = [*FOLDER, "data.image_size=[16,24]", "data.channels=4"]
COLOR = [*FOLDER, "data.image_size=16", "data.channels=3"]
TRANSLATOR = ["game=cyclegan", "architecture=resnet", "architecture.generator.width=4"]
TRANSLATOR += ["architecture.generator.blocks=1", "architecture.discriminator.widths=[4,4]"]
INFOGAN = ["game=infogan", "game.categories=10", "game.continuous=2"]

QUICK = {
    "mlp, points": ["experiment=ring"],
    "dcgan, attention, labels": [*DCGAN, *LABELS, "data.image_size=16", "architecture.generator.attention=8"],
    "light, alpha, rectangle": ["architecture=light", "architecture.generator.width=2", *RECTANGLE],
    "mlp, infogan": [*MLP, *INFOGAN],
    "mlp, vae": [*MLP, *BATCH_NORM, *LABELS, "game=vae"],
    "resnet, cyclegan": [*TRANSLATOR, "data=image_folder_pair", "data.source=FOLDER/zebras", "data.root=FOLDER/horses"],
}
QUICK["resnet, cyclegan"] += ["data.image_size=[16,12]", "data.channels=3"]

ARCHITECTURES = {
    "mlp": MLP,
    "mlp, batch norm": [*MLP, *BATCH_NORM],
    "mlp, spectral": [*MLP, *SPECTRAL],
    "dcgan": DCGAN,
    "dcgan, batch norm": [*DCGAN, *BATCH_NORM],
    "dcgan, spectral": [*DCGAN, *SPECTRAL],
    "dcgan, bilinear": [*DCGAN, "architecture.generator.upsampling=bilinear"],
    "dcgan, nearest": [*DCGAN, "architecture.generator.upsampling=nearest"],
    "residual": ["architecture=residual", "architecture.generator.widths=8", "architecture.discriminator.widths=4"],
    "sngan": ["architecture=sngan", "architecture.generator.width=4", "architecture.discriminator.width=4"],
    "sngan, spectral": [
        "architecture=sngan",
        "architecture.generator.width=4",
        "architecture.generator.spectral_norm=true",
    ],
    "r3gan": ["architecture=r3gan", "architecture.generator.width=16", "architecture.discriminator.width=16"],
    "light": ["architecture=light", "architecture.generator.width=2"],
}
GAMES = ["vae", "vae_gan", "adversarial_autoencoder", "bigan", "infogan", "auxiliary_classifier"]


def every_case() -> dict[str, list[str]]:
    """Each architecture with labels on pictures in color and without labels on rectangles with alpha; each game."""
    cases = dict(QUICK)
    for name, settings in ARCHITECTURES.items():
        takes_rectangles = not name.startswith(("sngan", "r3gan"))
        alpha = RECTANGLE if takes_rectangles else [*FOLDER, "data.image_size=16", "data.channels=4"]
        labels = [] if name == "light" else LABELS
        cases[f"{name}, color{', labels' if labels else ''}"] = [*settings, *COLOR, *labels]
        cases[f"{name}, alpha"] = [*settings, *alpha, *([] if name == "light" else WITHOUT_LABELS)]
    for game in GAMES:
        for name in ("mlp", "dcgan, batch norm"):
            cases[f"{name}, {game}"] = [*ARCHITECTURES[name], f"game={game}"]
    return cases


def check(run, name, folder, form) -> None:
    """The files of a run's export are the networks of the run; the greatest differences are printed as a table."""
    made = run.export(folder / form, format=form)
    for file in made:
        print(f"| {name} | {file.network} | {form} | {file.difference} |")
        assert file.file.is_file()
        assert file.rows >= 64
        assert file.difference.value <= (1 if form == "onnx" else 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_model_makes_what_saddle_makes(name, tmp_path, picture_folder):
    run = opened(tmp_path, picture_folder, *QUICK[name])
    check(run, name, tmp_path, "onnx")
    if run.reads == "latent" and not run.makes_points:
        assert run.sample(64).float().std(0).mean() > 10


@pytest.mark.slow
@pytest.mark.parametrize("name", every_case())
def test_every_generator_is_exported_in_every_form(name, tmp_path, picture_folder):
    run = opened(tmp_path, picture_folder, *every_case()[name])
    for form in ("safetensors", "torch", "onnx"):
        check(run, name, tmp_path, form)


def test_a_thousand_classes_are_all_compared(tmp_path, picture_folder):
    data = ["data=stacked_mnist", "data.image_size=8"]
    run = opened(tmp_path, picture_folder, *MLP, *LABELS, *data)
    [file] = run.export(tmp_path / "out", format="onnx")
    assert (run.classes, file.rows) == (1000, 1024)


def test_floats_and_single_rows_are_those_of_saddle(tmp_path, picture_folder):
    run = opened(tmp_path, picture_folder, *DCGAN, *LABELS, *COLOR)
    [file] = run.export(tmp_path / "out", format="onnx", pixels="float32")
    assert 0 < file.difference.value < 0.01
    session = onnxruntime.InferenceSession(file.file)
    latent = np.random.default_rng(0).standard_normal((3, run.generator.latent_dim), dtype=np.float32)
    label = np.array([1, 0, 1])
    with torch.no_grad():
        expected = run.generator(torch.from_numpy(latent), torch.from_numpy(label))
    for row in range(3):
        [images] = session.run(None, {"latent": latent[row : row + 1], "label": label[row : row + 1]})
        assert images.shape == (1, 3, 16, 16)
        torch.testing.assert_close(torch.from_numpy(images[0]), expected[row], atol=1e-5, rtol=0)
