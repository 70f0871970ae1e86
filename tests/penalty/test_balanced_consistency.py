import pytest
import torch

from helpers import view
from saddle.penalty.balanced_consistency import BalancedConsistency

IMAGES = torch.arange(2 * 3 * 5 * 5, dtype=torch.float64).view(2, 3, 5, 5)


def shifted(down: int, right: int, mirror: bool, images: torch.Tensor) -> torch.Tensor:
    """By padding and cutting, as another way to the same."""
    side = images.shape[-1]
    wide = torch.nn.functional.pad(images, [2] * 4, mode="replicate")
    moved = wide[..., 2 - down : 2 - down + side, 2 - right : 2 - right + side]
    return moved.flip(-1) if mirror else moved


@pytest.mark.parametrize(
    ("numbers", "down", "right"), [((0.0, 0.999), -2, 2), ((0.5, 0.21), 0, -1), ((0.9, 0.5), 2, 0)]
)
@pytest.mark.parametrize("mirror", [True, False])
def test_known_numbers_shift_and_mirror_exactly(numbers, down, right, mirror):
    term = BalancedConsistency(weight=1.0, shift=2, flip=True)
    chance = torch.tensor([[*numbers, 0.1 if mirror else 0.9]] * 2)
    assert torch.equal(term.changed(IMAGES, chance), shifted(down, right, mirror, IMAGES))


def test_each_image_has_numbers_of_its_own_and_mirroring_is_off_by_default():
    term = BalancedConsistency(weight=1.0, shift=1)
    both = term.changed(IMAGES, torch.tensor([[0.0, 0.5, 0.0], [0.5, 0.99, 0.0]]))
    assert torch.equal(both[0], shifted(-1, 0, False, IMAGES[:1])[0])
    assert torch.equal(both[1], shifted(0, 1, False, IMAGES[1:])[0])


def test_value_by_hand_with_and_without_generated_images():
    numbers = {"balanced_consistency real": torch.rand(2, 3), "balanced_consistency fake": torch.rand(2, 3)}

    class Chance:
        def uniform(self, purpose, shape):
            assert shape == (2, 3)
            return numbers[purpose]

    def discriminate(images: torch.Tensor) -> torch.Tensor:
        return (images * torch.arange(25).view(5, 5)).flatten(1).sum(1) / 1e4

    fake = IMAGES.flip(0) / 2
    given = view(
        real=IMAGES,
        fake=fake,
        logits={"real": discriminate(IMAGES), "fake": discriminate(fake)},
        discriminate=discriminate,
        chance=Chance(),
    )
    terms = [
        (discriminate(images) - discriminate(BalancedConsistency(1.0).changed(images, numbers[purpose])))
        .square()
        .mean()
        for images, purpose in zip((IMAGES, fake), numbers, strict=True)
    ]
    assert terms[0] > 0
    torch.testing.assert_close(BalancedConsistency(1.0, fake_share=0.5).discriminator(given), terms[0] + 0.5 * terms[1])
    torch.testing.assert_close(BalancedConsistency(1.0, fake_share=0.0).discriminator(given), terms[0])
