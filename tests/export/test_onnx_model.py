import json
import sys

import onnxruntime
import pytest

from exports import DCGAN, LABELS, opened
from saddle.error import InputError
from saddle.export.onnx_model import check_packages


def test_a_model_says_what_it_reads_and_gives(tmp_path, picture_folder):
    run = opened(tmp_path, picture_folder, *DCGAN, *LABELS)
    [made] = run.export(tmp_path / "out", format="onnx", truncation=2)
    session = onnxruntime.InferenceSession(made.file)
    values = [(value.name, value.type, value.shape) for value in [*session.get_inputs(), *session.get_outputs()]]
    assert values == [
        ("latent", "tensor(float)", ["N", 64]),
        ("label", "tensor(int64)", ["N"]),
        ("images", "tensor(uint8)", ["N", 28, 28, 1]),
    ]
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["class_names"]) == [str(number) for number in range(10)]
    assert json.loads(metadata["truncation"]) == 2
    assert len(metadata["checkpoint_sha256"]) == 64


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    check_packages("onnx")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r'--format onnx needs the package onnxscript.* -e "\.\[export\]"'):
        check_packages("onnx")
