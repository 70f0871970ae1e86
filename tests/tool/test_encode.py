import numpy as np
import pytest
import torch
from torch import nn

from helpers import Points, trained
from saddle.cli.tools import run_tool
from saddle.data.digits import Digits
from saddle.data.resize import resized
from saddle.tool.encode import codes_of, images_of, load_encoder
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
    assert set(found) == {"codes", "log_variance", "labels"}
    content = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    encoder = load_encoder(folder / "checkpoints" / "last.ckpt")
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
    for name, values in few.items():
        assert len(values) == 5
        np.testing.assert_allclose(values, many[name][:5], rtol=1e-5, atol=1e-6)


class HeldOut(Points):
    """Points with 30 more, of another size and inverted, that are not trained on."""

    def load_test(self):
        images, labels = self.load()
        return (255 - images[:30]).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3), 9 - labels[:30]


def test_held_out_images_come_first_and_training_images_on_demand():
    data = HeldOut()
    data.limit = 40
    images, labels, words = images_of(data, num=7)
    assert (words, len(images)) == ("held-out images", 7)
    assert torch.equal(images, resized(data.load_test()[0][:7], 2))
    assert torch.equal(labels, 9 - data.load()[1][:7])
    images, labels, words = images_of(data, training=True)
    assert words == "training images"
    assert torch.equal(images, data.training()[0])
    assert torch.equal(labels, data.training()[1])
    assert len(images) == 40


def test_an_encoder_that_is_not_gaussian_gives_codes_alone():
    class Plain(nn.Module):
        gaussian = False

        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, images):
            return self.linear(images.flatten(1))

    encoder, images = Plain(), Points().load()[0]
    found = codes_of(encoder, images)
    assert found.keys() == {"codes"}
    torch.testing.assert_close(found["codes"], encoder(as_floats(images)).detach())


def test_bad_input_is_refused_in_a_sentence(folder, tmp_path, capsys):
    plain = tmp_path / "plain"
    trained(plain, "trainer.max_steps=1", "data.image_size=20")
    (tmp_path / "mine").write_text("mine")
    cases = {
        (plain, tmp_path / "x"): "game=adversarial trains no encoder; take a run of a game that does, as game=vae",
        (folder, tmp_path / "x", "data.limit=5"): "only data.root may be given",
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
