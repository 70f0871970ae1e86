import hashlib
import json

import pytest

from exports import MLP, opened
from saddle.error import InputError
from saddle.export.description import parsed


def test_a_description_says_what_the_file_is_and_no_place_of_this_machine(tmp_path, picture_folder):
    data = ["data=image_folder", "data.root=FOLDER", "data.classes=2", "data.image_size=16"]
    run = opened(tmp_path, picture_folder, *MLP, "architecture.conditional=true", *data)
    run.export(tmp_path / "out", format="safetensors", truncation=1.5)
    text = (tmp_path / "out" / "generator.json").read_text(encoding="utf-8")
    assert str(picture_folder) not in text
    description = json.loads(text)
    assert description["record"]["data"]["root"] == picture_folder.name
    assert description["checkpoint"]["sha256"] == hashlib.sha256(run.checkpoint.read_bytes()).hexdigest()
    assert description["inputs"] == ["latent", "label"]
    assert (description["classes"], description["truncation"]) == (["0", "1"], 1.5)


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "3", '{"format": 1}', '{"format": 1, "network": [], "record": 2}']
)
def test_what_says_nothing_about_itself_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="saddle did not export this file"):
        parsed(text, tmp_path / "generator.onnx")
