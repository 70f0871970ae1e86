import hashlib
import json

from exports import MLP, opened


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
