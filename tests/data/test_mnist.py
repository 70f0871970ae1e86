import pytest
import torch

from saddle.data.mnist import Mnist


def test_real_mnist(mnist_root):
    data = Mnist(mnist_root, 28, 1, 10, 64, seed=0)
    data.prepare_data()
    images, labels = data.load()
    assert images.shape == (data.size, 1, 28, 28)
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert images.float().mean().item() == pytest.approx(33.3184, abs=1e-3)
    assert torch.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
