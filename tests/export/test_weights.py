import pytest
import torch
from safetensors.torch import load_file, save_file

from exports import DCGAN, LABELS, MLP, SPECTRAL, opened
from saddle.error import InputError
from saddle.export.weights import read_network


def test_weights_load_back_to_the_same_bits_as_plain_ones(tmp_path, picture_folder):
    run = opened(tmp_path, picture_folder, *DCGAN, *SPECTRAL, *LABELS)
    [made] = run.export(tmp_path / "out", format="safetensors")
    latent, labels = torch.randn(20, run.generator.latent_dim), torch.arange(20) % 10
    with torch.no_grad():
        assert torch.equal(read_network(made.file)(latent, labels), run.generator(latent, labels))
    assert not [name for name in load_file(made.file) if "parametrizations" in name]


def test_weights_of_an_mlp_are_read_without_saddle(tmp_path, picture_folder):
    """docs/export.md says so: its layers are those of torch, in order."""
    run = opened(tmp_path, picture_folder, *MLP)
    [made] = run.export(tmp_path / "out", format="safetensors")
    weights = load_file(made.file)
    latent = torch.randn(20, run.generator.latent_dim)
    hidden = (latent @ weights["layers.0.weight"].T + weights["layers.0.bias"]).relu()
    images = (hidden @ weights["layers.2.weight"].T + weights["layers.2.bias"]).tanh()
    with torch.no_grad():
        torch.testing.assert_close(images.view(20, 1, 28, 28), run.generator(latent))


def test_what_is_no_export_is_refused(tmp_path):
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(b"12345678910")
    for name in ("other", "damaged", "missing"):
        with pytest.raises(InputError, match=f"{name}.safetensors"):
            read_network(tmp_path / f"{name}.safetensors")
