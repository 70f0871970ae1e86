import os

import pytest
from lightning import Callback

from helpers import Points, fit, small_module
from saddle.callback.checkpoint import LastCheckpoint
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.checkpoint import MARK, read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO


def saved_at(tmp_path, monkeypatch, steps: int, every_images: int, keep: int | None = 2) -> list[int]:
    saved = []
    save = AtomicCheckpointIO.save_checkpoint

    def note(self, content, path, storage_options=None):
        saved.append(content["global_step"])
        save(self, content, path)

    monkeypatch.setattr(AtomicCheckpointIO, "save_checkpoint", note)
    callbacks = [LastCheckpoint(str(tmp_path), every_images, keep)]
    fit(
        small_module(Adversarial(AdversarialObjective(NonSaturating())), record={"seed": 0}),
        Points(),
        steps,
        callbacks,
        enable_checkpointing=True,
        plugins=[AtomicCheckpointIO()],
    )
    return saved


def test_saves_at_its_cadence_and_at_the_end_once(tmp_path, monkeypatch):
    assert saved_at(tmp_path, monkeypatch, steps=11, every_images=32) == [4, 8, 11]
    content = read_checkpoint(tmp_path / "last.ckpt")
    assert content[MARK]["clock"]["iteration"] == 11
    assert content[MARK]["record"] == {"seed": 0}


def test_the_last_iteration_on_the_cadence_is_saved_once(tmp_path, monkeypatch):
    assert saved_at(tmp_path, monkeypatch, steps=8, every_images=32) == [4, 8]


def test_a_cadence_between_batches_is_met_at_the_next_one(tmp_path, monkeypatch):
    assert saved_at(tmp_path, monkeypatch, steps=9, every_images=20) == [3, 5, 8, 9]  # after 24, 40, 64 and 72 images


@pytest.mark.parametrize(("keep", "kept"), [(2, [8, 9]), (3, [5, 8, 9]), (None, [3, 5, 8, 9])])
def test_the_latest_checkpoints_are_kept_under_their_iterations(tmp_path, monkeypatch, keep, kept):
    saved_at(tmp_path, monkeypatch, steps=9, every_images=20, keep=keep)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [*(f"{iteration:08d}.ckpt" for iteration in kept), "last.ckpt"]
    for iteration in kept:
        assert read_checkpoint(tmp_path / f"{iteration:08d}.ckpt")["global_step"] == iteration
    assert (tmp_path / names[-2]).read_bytes() == (tmp_path / "last.ckpt").read_bytes()


def test_what_lies_beyond_is_removed_and_the_rest_left_alone(tmp_path, monkeypatch):
    for name in ("00000002.ckpt", "00000500.ckpt", "mine.ckpt"):
        (tmp_path / name).write_text("x")
    saved_at(tmp_path, monkeypatch, steps=9, every_images=40)
    assert {path.name for path in tmp_path.iterdir()} == {"00000005.ckpt", "00000009.ckpt", "last.ckpt", "mine.ckpt"}


def test_without_hard_links_a_copy_is_kept(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refused)
    saved_at(tmp_path, monkeypatch, steps=2, every_images=80)
    assert (tmp_path / "00000002.ckpt").read_bytes() == (tmp_path / "last.ckpt").read_bytes()


def test_a_run_that_goes_on_from_earlier_begins_again_there(tmp_path, monkeypatch):
    saved_at(tmp_path, monkeypatch, steps=9, every_images=20, keep=None)

    class Stop(Callback):
        def on_train_batch_end(self, *_):
            raise KeyError("killed before anything is saved")

    with pytest.raises(KeyError):
        fit(
            small_module(Adversarial(AdversarialObjective(NonSaturating()))),
            Points(),
            9,
            [Stop(), LastCheckpoint(str(tmp_path), 20, None)],
            tmp_path / "00000005.ckpt",
            enable_checkpointing=True,
            plugins=[AtomicCheckpointIO()],
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000003.ckpt", "00000005.ckpt", "last.ckpt"]
    assert read_checkpoint(tmp_path / "last.ckpt")["global_step"] == 5
