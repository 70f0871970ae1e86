import pytest
import torch

from saddle.training.checkpoint import FORMAT, MARK, read_checkpoint, set_loop_counters
from saddle.training.checkpoint_io import AtomicCheckpointIO

CLOCK = {"iteration": 3, "images": 24, "updates": {"generator": 3}}
CONTENT = {MARK: {"format": FORMAT, "clock": CLOCK, "record": {}}, "state_dict": {"w": torch.arange(3.0)}}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "a.ckpt"
    AtomicCheckpointIO().save_checkpoint(CONTENT, path)
    return path


def test_what_is_written_is_read(saved):
    content = read_checkpoint(saved)
    assert content[MARK] == CONTENT[MARK]
    assert torch.equal(content["state_dict"]["w"], torch.arange(3.0))
    assert [p.name for p in saved.parent.iterdir()] == ["a.ckpt"]


def test_a_file_is_replaced_never_written_over(saved):
    same_file = saved.with_name("link")
    same_file.hardlink_to(saved)
    before = same_file.read_bytes()
    AtomicCheckpointIO().save_checkpoint(CONTENT | {"more": 1}, saved)
    assert same_file.read_bytes() == before
    assert read_checkpoint(saved)["more"] == 1


@pytest.mark.parametrize(
    ("iteration", "epoch", "batch"),
    [(0, (0, 0), (0, 0)), (4, (1, 0), (4, 3)), (10, (1, 1), (0, 0)), (23, (3, 2), (3, 2))],
)
def test_loop_counters_follow_from_the_clock(iteration, epoch, batch):
    names = ("ready", "started", "processed", "completed")
    fit_loop = {
        "epoch_progress": {k: dict.fromkeys(names, 99) for k in ("total", "current")},
        "epoch_loop.batch_progress": {k: dict.fromkeys(names, 99) for k in ("total", "current")},
        "epoch_loop.state_dict": {},
    }
    set_loop_counters(fit_loop, iteration, 10)
    (begun, done), (ready, completed) = epoch, batch
    assert list(fit_loop["epoch_progress"]["current"].values()) == [begun, begun, done, done]
    assert list(fit_loop["epoch_loop.batch_progress"]["current"].values()) == [ready, ready, ready, completed]
