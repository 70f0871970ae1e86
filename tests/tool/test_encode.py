import numpy as np
import pytest
import torch

from helpers import trained
from saddle.cli.tools import run_tool
from saddle.data.digits import Digits
from saddle.run.finished import FinishedRun
from saddle.training.sampling import as_floats


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run"
    trained(path, "game=vae", "trainer.max_steps=3", "architecture.generator.latent_dim=6", "data.image_size=20")
    return path


def encode(folder, out, *options: str) -> int:
    return run_tool(["encode", str(folder), *options, "--out", str(out)])


def test_codes_are_those_of_the_averaged_encoder_in_the_order_of_the_data(folder, tmp_path, capsys):
    assert encode(folder, tmp_path / "all.npz") == 0
    assert "codes of 1797 training images (this data set holds out no others) by " in capsys.readouterr().out
    found = np.load(tmp_path / "all.npz")
    assert set(found) == {"codes", "log_variance", "labels", "class_names"}
    content = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    encoder = FinishedRun.open(folder).encoder
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, content[f"ema.networks.encoder.{name}"])
        assert not torch.equal(value, content[f"encoder.{name}"])
    images, labels = Digits(20, 1, 10, 1, seed=0).training()
    with torch.no_grad():
        mean, log_variance = encoder(as_floats(images)).chunk(2, dim=1)
    for name, expected in {"codes": mean, "log_variance": log_variance}.items():
        assert (found[name].shape, found[name].dtype) == ((1797, 6), np.float32)
        np.testing.assert_allclose(found[name], expected.numpy(), rtol=1e-5, atol=1e-6)
    assert found["labels"].dtype == np.int64
    assert np.array_equal(found["labels"], labels.numpy())


def test_fewer_codes_are_the_first_ones(folder, tmp_path, capsys):
    assert encode(folder, tmp_path / "all", "--training") == 0
    assert "codes of 1797 training images by " in capsys.readouterr().out
    assert encode(folder / "checkpoints" / "last.ckpt", tmp_path / "few", "--num", "5") == 0
    many, few = np.load(tmp_path / "all"), np.load(tmp_path / "few")
    for name in ("codes", "log_variance", "labels"):
        values = few[name]
        assert len(values) == 5
        np.testing.assert_allclose(values, many[name][:5], rtol=1e-5, atol=1e-6)


def test_bad_input_is_refused_in_a_sentence(folder, tmp_path, capsys):
    plain = tmp_path / "plain"
    trained(plain, "trainer.max_steps=1", "data.image_size=20")
    (tmp_path / "mine").write_text("mine")
    cases = {
        (plain, tmp_path / "x"): "game=adversarial trains no encoder; take a run of a game that does, as game=vae",
        (folder, tmp_path / "x", "data.limit=5"): "a run is measured on its own data; leave it out",
        (folder, tmp_path / "mine"): "choose another name",
        (tmp_path / "none", tmp_path / "x"): "there is no such run folder or checkpoint",
    }
    for (path, out, *options), message in cases.items():
        assert encode(path, out, *options) == 2
        told = capsys.readouterr().err
        assert message in told
        assert len(told.strip().splitlines()) == 1
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "x").exists()
