"""Fault 7: a run does not go on as another one: what differs is named with both values."""

import shutil

import pytest

from folders import gray_images
from helpers import SMALL, checkpoint, train, trained
from saddle.error import InputError
from saddle.run.resume import check_processes
from saddle.training.checkpoint import MARK


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of three iterations on two processes."""
    folder = tmp_path_factory.mktemp("run")
    trained(folder, "trainer=ddp_cpu", "trainer.max_steps=3")
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("data.batch_size=50", "data.batch_size was 100 in {last} and is now 50: a resumed run keeps its settings"),
        ("seed=5", "seed was 0 in {last} and is now 5: a resumed run keeps its settings"),
        ("data.limit=1000", "data.limit was None in {last} and is now 1000: a resumed run keeps its settings"),
        (
            "trainer=cpu",
            "the number of processes (trainer.devices x trainer.num_nodes) was 2 in {last} and is now 1: use as many, "
            "or checkpoints.elastic=true",
        ),
    ],
)
def test_what_differs_is_named_with_both_values(run, change, message):
    last = run / "checkpoints" / "last.ckpt"
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    extra = ["trainer.devices=1"] if change == "trainer=cpu" else []
    result = train(f"resume={run}", change, *extra, "trainer.max_steps=5")
    assert result.returncode == 2
    assert result.stderr.startswith(f"resume: {message.format(last=last)}"), result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_another_number_of_processes_may_be_asked_for(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    asked = ["trainer=cpu", "trainer.devices=1", "checkpoints.elastic=true", "trainer.max_steps=5"]
    result = train(f"resume={folder}", *asked)
    assert result.returncode == 0, result.stderr
    assert "warning: the number of processes (trainer.devices x trainer.num_nodes) was 2 in " in result.stderr
    content = checkpoint(folder)
    assert (content[MARK]["clock"]["iteration"], content[MARK]["processes"]) == (5, 1)


def test_the_number_of_processes_is_compared_where_it_is_known(tmp_path):
    check_processes({"processes": 2}, 2, False, tmp_path)
    with pytest.raises(InputError, match="was 4 in .* and is now 2"):
        check_processes({"processes": 4}, 2, False, tmp_path)


def test_the_data_must_be_as_many_as_before(tmp_path):
    root, folder = gray_images(tmp_path / "images"), tmp_path / "run"
    settings = [*SMALL[1:], "data=image_folder", f"data.root={root}", "data.image_size=8", "data.batch_size=4"]
    settings += ["data.channels=1", "trainer.max_steps=4", "trainer=cpu"]
    result = train(*settings, f"hydra.run.dir={folder}")
    assert result.returncode == 0, result.stderr
    before = (folder / "checkpoints" / "last.ckpt").read_bytes()
    (root / "cats" / "01.png").unlink()
    result = train(f"resume={folder}", "trainer.max_steps=8")
    assert result.returncode == 2
    assert result.stderr == (
        "resume: the data had 12 images and has 11 now; cats/01.png is gone: put it back, or use data.changed=accept "
        "to go on with the data as it is\n"
    )
    assert (folder / "checkpoints" / "last.ckpt").read_bytes() == before


def test_a_part_of_the_data_is_other_data(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    result = train(f"resume={folder}", "trainer.overfit_batches=2", "trainer.max_steps=5")
    assert result.returncode != 0
    assert "resume: the data had 1797 images and has 200 now" in result.stderr
