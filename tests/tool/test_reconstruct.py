import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from saddle.cli.tools import run_tool
from saddle.data.digits import Digits
from saddle.run.finished import FinishedRun


def reconstruct(folder, out, *options: str) -> int:
    return run_tool(["reconstruct", str(folder), *options, "--out", str(out), "--scale", "1"])


def test_images_stand_above_what_the_averaged_networks_make_of_them_and_their_labels(vae, tmp_path, capsys):
    assert reconstruct(vae, tmp_path / "grid.png", "--num", "13") == 0
    printed = capsys.readouterr().out
    assert "13 reconstructions by " in printed
    batch = Digits(20, 1, 10, 1, seed=0).held_out(13)
    run = FinishedRun.open(vae)
    encoder, generator = run.encoder, run.generator
    with torch.no_grad():
        codes = encoder(batch["image"]).chunk(2, dim=1)[0]
        made, other = (generator(codes, labels) for labels in (batch["label"], 9 - batch["label"]))
    error = ((batch["image"] - made) / 2).square().mean().item()
    shown = re.search(r"mean squared error per pixel (\S+) \(black to white is 1\)", printed)
    assert float(shown[1]) == pytest.approx(error, abs=1e-5)
    grid = np.asarray(Image.open(tmp_path / "grid.png").convert("L")).astype(float)
    assert grid.shape == (4 * 22 + 2, 10 * 22 + 2)

    def cell(row, column):
        return grid[22 * row + 2 : 22 * row + 22, 22 * column + 2 : 22 * column + 22]

    for i in range(13):
        row, column = 2 * (i // 10), i % 10
        for below, images in enumerate((batch["image"], made)):
            assert np.abs(cell(row + below, column) - (images[i, 0].numpy() + 1) * 127.5).max() <= 1
    assert np.abs(cell(1, 0) - (other[0, 0].numpy() + 1) * 127.5).max() > 1  # the label matters
    assert (cell(2, 3) == 128).all()
    assert (cell(3, 9) == 128).all()


def test_its_error_is_the_one_that_training_logged(vae, tmp_path, capsys):
    assert reconstruct(vae, tmp_path / "grid.png", "--num", "1500") == 0
    shown = re.search(r"mean squared error per pixel (\S+) ", capsys.readouterr().out)
    logged = json.loads((vae / "summary.json").read_text())["metrics"]["metric/reconstruction_error"]
    assert float(shown[1]) == pytest.approx(logged, abs=1e-5)


def test_bad_input_is_refused_in_a_sentence(vae, tmp_path, capsys):
    assert reconstruct(vae, vae / "summary.json") == 2
    assert "choose another name" in capsys.readouterr().err
    assert reconstruct(vae, tmp_path / "x", "data.classes=5") == 2
    assert "a run is measured on its own data; leave it out" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
