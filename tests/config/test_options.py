from saddle.config.options import either, options, options_where, takes, target_of
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


def test_a_choice_is_said_in_words():
    assert either("loss", ["a"]) == "loss=a"
    assert either("loss", ["a", "b", "c"]) == "loss=a, b or c"
    assert either("loss", []) == "another loss"
