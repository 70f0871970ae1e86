import torch
from torch import nn

from helpers import Points
from saddle.architecture.base import Encoder
from saddle.data.loader import as_floats
from saddle.data.resize import resized
from saddle.training.encoding import codes_of, images_of


class HeldOut(Points):
    """Points with 30 more, of another size and inverted, that are not trained on."""

    def load_test(self):
        images, labels = self.load()
        return (255 - images[:30]).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3), 9 - labels[:30]


def test_held_out_images_come_first_and_training_images_on_demand():
    data = HeldOut()
    data.limit = 40
    images, labels, words = images_of(data, num=7)
    assert (words, len(images)) == ("held-out images", 7)
    assert torch.equal(images, resized(data.load_test()[0][:7], 2))
    assert torch.equal(labels, 9 - data.load()[1][:7])
    images, labels, words = images_of(data, training=True)
    assert words == "training images"
    assert torch.equal(images, data.training()[0])
    assert torch.equal(labels, data.training()[1])
    assert len(images) == 40


def test_an_encoder_that_is_not_gaussian_gives_codes_alone():
    class Plain(Encoder):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, images):
            return self.linear(images.flatten(1))

    encoder, images = Plain(), Points().load()[0]
    codes, log_variance = codes_of(encoder, images)
    assert log_variance is None
    torch.testing.assert_close(codes, encoder(as_floats(images)).detach())
