import re

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers import differences
from saddle.cli.tools import run_tool
from saddle.export.weights import read_description, read_network
from saddle.run.finished import FinishedRun


def export(folder, *options: str) -> int:
    return run_tool(["export", str(folder), *options])


@pytest.fixture(scope="module")
def weights(vae, tmp_path_factory):
    """The folder of an export."""
    out = tmp_path_factory.mktemp("export") / "out"
    assert export(vae, "--format", "safetensors", "--out", str(out)) == 0
    return out


def test_generator_and_encoder_are_exported_and_checked(vae, weights, capsys):
    names = ["encoder.json", "encoder.safetensors", "generator.json", "generator.safetensors"]
    assert sorted(path.name for path in weights.iterdir()) == names
    run = FinishedRun.open(vae)
    state = read_network(weights / "encoder.safetensors").state_dict()
    assert differences(dict(state), dict(run.encoder.state_dict())) == []
    assert export(vae, "--check", str(weights)) == 0
    output = capsys.readouterr().out
    assert len(re.findall(r"64 rows by saddle: greatest difference 0 (of 255 gray levels|in codes)", output)) == 2


def test_an_export_of_another_checkpoint_is_noticed(vae, weights, capsys):
    file = weights / "generator.safetensors"
    assert export(vae / "checkpoints" / "00000005.ckpt", "--check", str(file)) == 2
    assert "iteration 10" in (message := capsys.readouterr().err)
    assert "iteration 5" in message


def test_changed_weights_are_noticed(vae, weights, tmp_path, capsys):
    file = weights / "generator.safetensors"
    tensors = load_file(file)
    name = max(tensors, key=lambda name: tensors[name].numel())
    tensors[name] = tensors[name] * 1.01
    changed = tmp_path / "generator.safetensors"
    save_file(tensors, changed, {"saddle": read_description(file)})
    assert export(vae, "--check", str(changed)) == 2
    assert "generator.safetensors: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--format", "onnx"], "--out"),
        (["--out", "NEW"], "--format"),
        (["--format", "onnx", "--out", "FULL"], "--out"),
        (["--format", "onnx", "--out", "FILE"], "--out"),
        (["--check", "FULL"], "--check"),
        (["--check", "FILE"], "--check"),
        (["--check", "NEW"], "--check"),
        (["--check", "OTHER"], "other.safetensors"),
        (["--check", "DAMAGED"], "damaged.pt2"),
        (["--check", "FULL", "--out", "NEW"], "--check"),
    ],
)
def test_bad_input_is_refused_and_leaves_everything(vae, tmp_path, capsys, options, named):
    places = {"NEW": tmp_path / "new", "FULL": tmp_path / "full", "FILE": tmp_path / "full" / "file"}
    places |= {"OTHER": tmp_path / "other.safetensors", "DAMAGED": tmp_path / "damaged.pt2"}
    places["FULL"].mkdir()
    places["FILE"].write_text("mine")
    places["DAMAGED"].write_bytes(b"PK" + bytes(1000))
    save_file({"x": torch.zeros(1)}, places["OTHER"])
    before = sorted(tmp_path.rglob("*"))
    assert export(vae, *(str(places.get(text, text)) for text in options)) == 2
    assert named in (message := capsys.readouterr().err)
    assert len(message.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert places["FILE"].read_text() == "mine"


def test_a_run_that_translates_has_no_latent_to_cut_off(cyclegan, tmp_path, capsys):
    assert export(cyclegan, "--format", "onnx", "--truncation", "1", "--out", str(tmp_path / "x")) == 2
    assert "--truncation 1.0" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_checkpoint_is_refused(vae, tmp_path, capsys):
    content = bytearray((vae / "checkpoints" / "last.ckpt").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "damaged.ckpt").write_bytes(content)
    assert export(tmp_path / "damaged.ckpt", "--format", "onnx", "--out", str(tmp_path / "x")) == 2
    assert "damaged" in capsys.readouterr().err
