import pytest

from saddle.config.location import config_folders
from saddle.config.options import either, file_building, options, options_where, settings_in, takes, target_of
from saddle.loss.base import Loss
from saddle.loss.hinge import Hinge


def test_a_class_is_found_wherever_its_file_names_it():
    assert target_of("loss", "hinge") is Hinge
    assert target_of("penalty", "r1").__name__ == "R1"
    assert target_of("game", "bigan").__name__ == "BiGAN"
    assert target_of("architecture", "points", "discriminator").__name__ == "Discriminator"
    assert target_of("penalty", "none") is None
    assert target_of("architecture", "points", "encoder") is None


def test_options_are_chosen_by_what_their_classes_say():
    assert options_where("loss", lambda loss: issubclass(loss, Loss) and loss.needs_lipschitz) == ["wasserstein"]
    assert options_where("architecture", lambda network: takes(network, "scale"), "generator") == ["points"]
    assert set(options_where("loss", lambda loss: True)) == set(options("loss"))


@pytest.mark.parametrize("text", ["_target_: saddle.loss.hinge.Hing\nmargin: 1", "margin: [1"])
def test_a_broken_option_hinders_only_those_who_choose_it(tmp_path, monkeypatch, text):
    file = tmp_path / "loss" / "broken.yaml"
    file.parent.mkdir()
    file.write_text(text)
    monkeypatch.setattr("saddle.config.options.config_folders", lambda: [*config_folders(), tmp_path])
    assert "hinge" in options_where("loss", lambda loss: True)
    assert settings_in("loss", "broken") == (["loss.margin"] if "Hing" in text else [])
    assert file_building("loss", "saddle.loss.hinge.Hing") == (str(file) if "Hing" in text else None)


def test_a_choice_is_said_in_words():
    assert either("loss", ["a"]) == "loss=a"
    assert either("loss", ["a", "b", "c"]) == "loss=a, b or c"
    assert either("loss", []) == "another loss"
