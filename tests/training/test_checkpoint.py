import zipfile

import pytest
import torch
from torch import nn

from saddle.error import InputError
from saddle.training.checkpoint import MARK, AtomicCheckpointIO, check_fits, read_checkpoint, set_loop_counters

CONTENT = {MARK: {"clock": {"iteration": 3}, "record": {}}, "state_dict": {"w": torch.arange(3.0)}}


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


def test_a_failed_write_leaves_the_old_file_and_no_rest(saved, monkeypatch):
    before = saved.read_bytes()

    def fail(content, file):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("torch.save", fail)
    with pytest.raises(OSError, match="disk full"):
        AtomicCheckpointIO().save_checkpoint(CONTENT, saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["a.ckpt"]


def test_a_file_is_replaced_never_written_over(saved):
    same_file = saved.with_name("link")
    same_file.hardlink_to(saved)
    before = same_file.read_bytes()
    AtomicCheckpointIO().save_checkpoint(CONTENT | {"more": 1}, saved)
    assert same_file.read_bytes() == before
    assert read_checkpoint(saved)["more"] == 1


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def _empty_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "y")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p.unlink(), "found nothing"),
        (lambda p: (p.unlink(), p.mkdir()), "found a folder"),
        (lambda p: p.write_bytes(b""), "is empty"),
        (lambda p: p.write_text("hello\n"), "not a checkpoint, or a truncated one"),
        (_truncate, "not a checkpoint, or a truncated one"),
        (_empty_zip, "is damaged"),
        (lambda p: torch.save({MARK: Evil()}, p), "more than tensors and plain values"),
        (lambda p: torch.save({"state_dict": {}}, p), "was not written by saddle"),
        (lambda p: torch.save([1], p), "was not written by saddle"),
        (lambda p: torch.save({MARK: None, "state_dict": {}}, p), "was not written by saddle"),
    ],
)
def test_other_files_are_refused_in_one_sentence(saved, spoil, message, capfd):
    spoil(saved)
    with pytest.raises(InputError, match=message) as caught:
        read_checkpoint(saved)
    assert str(saved) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert "executed" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Linear(2, 4), r"g\.weight is \(3, 2\) in the file, \(4, 2\) in the model"),
        (nn.Linear(2, 3, bias=False), r"g\.bias is \(3,\) in the file, absent in the model"),
        (nn.BatchNorm1d(3), r"g\.weight is \(3, 2\) in the file, \(3,\) in the model"),
    ],
)
def test_another_architecture_is_refused_naming_a_parameter_and_both_shapes(network, message, tmp_path):
    state = {f"g.{name}": value for name, value in nn.Linear(2, 3).state_dict().items()}
    with pytest.raises(InputError, match=message):
        check_fits(state, network, tmp_path, "g.")
    check_fits(state | {"other": torch.zeros(1)}, nn.Linear(2, 3), tmp_path, "g.")


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
