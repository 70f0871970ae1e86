from importlib.machinery import ModuleSpec

import torch
from sklearn.datasets import load_digits

from saddle.data import digits
from saddle.data.digits import Digits


def test_the_digits_are_those_of_scikit_learn_at_full_range():
    data = Digits(28, 1, 10, 64, seed=0)
    images, labels = data.load()
    assert images.shape == (data.size, 1, 8, 8)
    assert images.dtype == torch.uint8
    assert (int(images.min()), int(images.max())) == (0, 255)
    assert labels[:10].tolist() == list(range(10))
    assert torch.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_file_that_is_read_holds_what_scikit_learn_gives_and_is_not_needed(monkeypatch, tmp_path):
    data, theirs = Digits(28, 1, 10, 64, seed=0), load_digits()
    images, labels = data.load()
    assert torch.equal(images.view(-1, 64), torch.from_numpy(theirs.data * 255 / 16).round().to(torch.uint8))
    assert torch.equal(labels, torch.from_numpy(theirs.target))
    elsewhere = ModuleSpec("sklearn", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(digits, "find_spec", lambda name: elsewhere)
    again = data.load()
    assert torch.equal(again[0], images)
    assert torch.equal(again[1], labels)
