import pytest
import torch

from helpers import train
from saddle.config.compose import compose
from saddle.data.robot_parts import COLORS, FACTORS
from saddle.data.robots import Robots
from saddle.error import InputError


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Twelve test robots, which draw fast."""
    monkeypatch.setattr(Robots, "test_size", 12)


def robots(seed: int = 0, **changes) -> Robots:
    settings = {"image_size": 16, "channels": 3, "classes": 10, "batch_size": 2, "size": 20, **changes}
    return Robots(seed=seed, **settings)


def test_no_robot_is_there_twice_and_a_larger_set_includes_a_smaller_one():
    data = robots(size=900_000)
    training, tested = data.numbers(data.codes()), data.numbers(data.test_codes())
    assert (len(training), len(tested)) == (900_000, 12)
    assert len(torch.cat([training, tested]).unique()) == 900_012
    small = robots(size=20, seed=5)
    assert torch.equal(small.codes(), data.codes()[:20])
    assert torch.equal(small.test_codes(), data.test_codes())
    assert torch.equal(robots(limit=7).codes(), data.codes()[:7])
    assert not torch.equal(robots(robot_seed=1).codes(), small.codes())


def test_what_is_read_are_the_robots_of_the_codes_with_the_labels_of_the_factor():
    data = robots(label="eyes")
    images, labels = data.training()
    assert torch.equal(images, data.drawn(data.codes()))
    assert torch.equal(labels, data.codes()[:, FACTORS.index("eyes")])
    assert data.class_names[:2] == ["eyes 1", "eyes 2"]
    tested, tested_labels = data.load_test()
    assert torch.equal(tested, data.drawn(data.test_codes()))
    assert torch.equal(tested_labels, data.test_codes()[:, FACTORS.index("eyes")])


def test_labels_can_be_left_out():
    assert robots(classes=0).training()[1] is None
    assert robots(classes=0).class_names == []
    assert robots().class_names == list(COLORS)


@pytest.mark.parametrize("changes", [{"classes": 7}, {"size": 999_989}])
def test_other_numbers_are_refused(changes):
    with pytest.raises(InputError, match=f"data.{next(iter(changes))}=.* use "):
        robots(**changes)


def test_a_run_learns_robots(tmp_path):
    run = tmp_path / "run"
    settings = ["data.image_size=16", "data.size=64", "architecture=mlp", "callback.quality.extractor=none"]
    result = train("data=robots", *settings, "trainer.max_steps=2", "trainer=cpu", f"hydra.run.dir={run}")
    assert result.returncode == 0, result.stderr
    assert (run / "checkpoints" / "last.ckpt").is_file()


def test_gray_robots_are_refused():
    with pytest.raises(InputError, match=r"data.channels=1: "):
        compose(["data=robots", "data.channels=1"])
