from dataclasses import replace

import pytest

from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.per_turn import build_beta2_schedules, build_clip_norm, build_optimizers, build_schedules
from saddle.game.turn import Turn
from saddle.schedule import Schedule

TURNS = tuple(Turn(name, (name,), lambda *_: None) for name in ("discriminator", "generator"))
COSINE = {"_target_": "saddle.schedule.Schedule", "shape": "cosine", "horizon_images": 100}
ADAM = {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 1e-3, "betas": [0.5, 0.9]}


def test_a_turn_without_an_entry_gets_what_changes_nothing():
    assert build_clip_norm({"generator": 2.0}, TURNS) == {"discriminator": None, "generator": 2.0}
    found = build_schedules("training.schedule", {"generator": COSINE}, TURNS)
    assert found == {"discriminator": Schedule(), "generator": Schedule("cosine", horizon_images=100)}


def test_entries_of_other_turns_are_passed_over_only_if_they_change_nothing():
    plain = {"_target_": "saddle.schedule.Schedule"}
    assert "encoder" not in build_schedules("training.schedule", {"encoder": plain}, TURNS)
    assert "encoder" not in build_clip_norm({"encoder": None}, TURNS)
    with pytest.raises(InputError, match=r"^training\.schedule\.encoder: the game has no such turn; its turns are"):
        build_schedules("training.schedule", {"encoder": COSINE}, TURNS)
    with pytest.raises(InputError, match=r"^training\.clip_norm\.encoder: the game has no such turn"):
        build_clip_norm({"encoder": 1.0}, TURNS)


def optimizers(**entries):
    config = compose(["data=digits"])
    return build_optimizers(replace(config, optimizer=ADAM | entries), TURNS)


def test_an_optimizer_of_another_turn_must_be_as_all_are():
    assert set(optimizers(encoder={"lr": 1e-3})) == {"discriminator", "generator"}
    with pytest.raises(InputError, match=r"^optimizer\.encoder: the game has no such turn; its turns are discrim"):
        optimizers(encoder={"lr": 1e-4})
    with pytest.raises(InputError, match=r"^optimizer\.encoder: the game has no such turn"):
        optimizers(encoder={"amsgrad": True})  # a setting that is not shared


def test_what_differs_in_a_turn_holds_there_alone():
    made = optimizers(generator={"lr": 5e-4})
    assert (made["generator"].keywords["lr"], made["discriminator"].keywords["lr"]) == (5e-4, 1e-3)


def test_a_schedule_of_beta2_needs_betas():
    plain = replace(compose(["data=digits", "optimizer=sgd"]), training={"beta2_schedule": {}})
    assert build_beta2_schedules(plain, TURNS) == {"discriminator": None, "generator": None}
    settings = replace(plain, training={"beta2_schedule": {"generator": COSINE | {"final": 0.1}}})
    with pytest.raises(InputError, match=r"^training\.beta2_schedule\.generator: torch\.optim\.SGD has no betas"):
        build_beta2_schedules(settings, TURNS)
