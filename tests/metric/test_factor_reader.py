import pytest
import torch

from factor_squares import Squares
from saddle.data.loader import as_floats
from saddle.metric.factor_reader import by_factor, train_factor_reader


@pytest.fixture(scope="module")
def reader():
    return train_factor_reader(Squares(), epochs=40, seed=0)


def probabilities(reader, images):
    with torch.no_grad():
        return by_factor(reader(as_floats(images))[1], 3).softmax(2)


@pytest.mark.slow
def test_every_factor_of_every_image_is_read(reader):
    data = Squares()
    codes = data.codes_of(torch.arange(9))
    read = probabilities(reader, data.drawn(codes))
    assert torch.equal(read.argmax(2), codes)
    assert read.max(2).values.min() > 0.9


def test_what_an_image_shows_half_is_read_with_half_of_the_probability(reader):
    data = Squares()
    first, second = data.drawn(torch.tensor([[0, 0]])).float(), data.drawn(torch.tensor([[2, 0]])).float()
    place, level = probabilities(reader, ((first + second) / 2).to(torch.uint8))[0]
    assert place.max() < 0.8
    assert place[0] + place[2] > 0.8
    assert level[0] > 0.8


def test_the_same_seed_gives_the_same_weights():
    first, again, other = (train_factor_reader(Squares(), 1, seed) for seed in (0, 0, 1))
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)


def test_fewer_images_than_a_batch_are_refused(monkeypatch):
    monkeypatch.setattr(Squares, "size", 100)
    with pytest.raises(ValueError, match="at least 128 images, got 100"):
        train_factor_reader(Squares(), 1, 0)
