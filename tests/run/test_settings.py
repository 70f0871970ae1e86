import pytest

from saddle.error import InputError
from saddle.run.settings import plain_settings

WRITTEN = """
seed: 3
folder: ${hydra:runtime.output_dir}
training: {images: null}
trainer: {max_steps: '${saddle.iterations:400}', default_root_dir: '${folder}/x'}
optimizer: {lr: 0.1, generator: {lr: '${optimizer.lr}'}}
data: {root: '${oc.env:HOME,data}'}
"""


def test_settings_are_resolved_without_what_only_the_beginning_knew(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(WRITTEN)
    assert plain_settings(file, tmp_path, {"data": {"root": "then"}}) == {
        "seed": 3,
        "folder": str(tmp_path),
        "training": {"images": None},
        "trainer": {"max_steps": 400, "default_root_dir": f"{tmp_path}/x"},
        "optimizer": {"lr": 0.1, "generator": {"lr": 0.1}},
        "data": {"root": "then"},
    }
    file.write_text(WRITTEN.replace("images: null", "images: 9"))
    assert plain_settings(file, tmp_path, {})["trainer"]["max_steps"] == -1


@pytest.mark.parametrize(
    "call", ["${saddle.unique:made}", "a ${oc.env:HOME} b", "${ saddle.unique : made }", "${${name}:made}"]
)
def test_no_function_is_called_that_a_file_names(tmp_path, monkeypatch, call):
    import saddle.sweep.resolver  # noqa: F401

    monkeypatch.chdir(tmp_path)
    file = tmp_path / "config.yaml"
    file.write_text(f"name: saddle.unique\nvalue: '{call}'\nother: '${{value}}'\nlisted: ['{call}']\n")
    settings = plain_settings(file, tmp_path, {})
    assert settings["value"] == settings["other"] == settings["listed"][0] == call
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("text", ["- 1", "a: [", "a: ${b}", "a: ${a}", "a: '${b'", "\xff"])
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"config\.yaml: the run's settings cannot be read \(") as caught:
        plain_settings(file, tmp_path, {})
    assert len(str(caught.value).splitlines()) == 1
