import torch

from saddle.data.digits import Digits


def test_the_digits_are_those_of_scikit_learn_at_full_range():
    data = Digits(28, 1, 10, 64, seed=0)
    images, labels = data.load()
    assert images.shape == (data.size, 1, 8, 8)
    assert images.dtype == torch.uint8
    assert (int(images.min()), int(images.max())) == (0, 255)
    assert labels[:10].tolist() == list(range(10))
    assert torch.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
