from helpers import Points, fit, small_module
from saddle.callback.checkpoint import LastCheckpoint
from saddle.game.adversarial import Adversarial
from saddle.loss.non_saturating import NonSaturating
from saddle.training.checkpoint import MARK, AtomicCheckpointIO, read_checkpoint


def saved_at(tmp_path, monkeypatch, steps: int, every: int) -> list[int]:
    saved = []
    save = AtomicCheckpointIO.save_checkpoint

    def note(self, content, path, storage_options=None):
        saved.append(content["global_step"])
        save(self, content, path)

    monkeypatch.setattr(AtomicCheckpointIO, "save_checkpoint", note)
    callbacks = [LastCheckpoint(str(tmp_path), every_iterations=every)]
    fit(
        small_module(Adversarial(NonSaturating()), record={"seed": 0}),
        Points(),
        steps,
        callbacks,
        enable_checkpointing=True,
        plugins=[AtomicCheckpointIO()],
    )
    return saved


def test_saves_at_its_cadence_and_at_the_end_once(tmp_path, monkeypatch):
    assert saved_at(tmp_path, monkeypatch, steps=11, every=4) == [4, 8, 11]
    content = read_checkpoint(tmp_path / "last.ckpt")
    assert content[MARK]["clock"]["iteration"] == 11
    assert content[MARK]["record"] == {"seed": 0}


def test_the_last_iteration_on_the_cadence_is_saved_once(tmp_path, monkeypatch):
    assert saved_at(tmp_path, monkeypatch, steps=8, every=4) == [4, 8]
