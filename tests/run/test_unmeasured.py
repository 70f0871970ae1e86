import pytest

from folders import gray_images
from saddle.config.compose import compose
from saddle.run.unmeasured import extractor_command


def command_for(*settings: str) -> str:
    return extractor_command(compose(settings).data)


def test_the_command_names_the_data_and_what_its_images_are(tmp_path):
    root = gray_images(tmp_path / "my pictures")
    settings = ["data=image_folder", f"data.root='{root}'", "data.image_size=[16,24]", "data.fit=pad", "data.flip=true"]
    found = command_for(*settings, "data.batch_size=7", "data.memory_mib=5", "data.classes=2", "seed=5")
    assert found.startswith("saddle extractor data=image_folder ")
    assert "my pictures" in found
    words = ("'data.image_size=[16,24]'", "data.channels=3", "data.classes=2", "data.flip=true", "data.fit=pad")
    assert all(f" {word}" in found for word in words)
    assert not any(word in found for word in ("batch_size", "memory_mib", "cache", "seed", "background", "limit"))


@pytest.mark.parametrize("limit", [1000, 5])
def test_what_is_trained_on_is_measured_on(tmp_path, limit):
    root = gray_images(tmp_path)
    assert f"data.limit={limit}" in command_for("data=image_folder", f"data.root={root}", f"data.limit={limit}")
