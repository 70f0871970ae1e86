import torch

from helpers import term_inputs
from saddle.augmentation.flip_shift import FlipShift
from saddle.penalty.balanced_consistency import BalancedConsistency

IMAGES = torch.arange(2 * 3 * 5 * 5, dtype=torch.float64).view(2, 3, 5, 5)
NUMBERS = {(kind, what): torch.rand(2, 2) for kind in ("real", "fake") for what in ("flip", "shift")}


def discriminate(images: torch.Tensor, kind: str) -> torch.Tensor:
    return (images * torch.arange(25).view(5, 5)).flatten(1).sum(1) / (1e4 if kind == "real" else 2e4)


class Randomness:
    def uniform(self, purpose, shape):
        name, kind, part, what = purpose.split(".")
        assert (name, part) == ("balanced_consistency", "flip_shift")
        return NUMBERS[kind, what].flatten()[: torch.Size(shape).numel()].view(shape)


def test_value_by_hand_with_and_without_generated_images():
    fake, terms = IMAGES.flip(0) / 2, []
    logits = {"real": discriminate(IMAGES, "real"), "fake": discriminate(fake, "fake")}
    for kind, images in (("real", IMAGES), ("fake", fake)):
        numbers = {name: NUMBERS[kind, name] for name in ("flip", "shift")}
        changed = FlipShift(True, 1)(
            images, lambda p, s, n=numbers: n[p.split(".")[1]].flatten()[: torch.Size(s).numel()].view(s)
        )
        terms.append((logits[kind] - discriminate(changed, kind)).square().mean())
    assert min(terms) > 0
    given = term_inputs(real=IMAGES, fake=fake, logits=logits, discriminate=discriminate, randomness=Randomness())
    half = BalancedConsistency(1.0, fake_share=0.5, shift_pixels=1, flip=True)
    torch.testing.assert_close(half.discriminator(given), terms[0] + 0.5 * terms[1])
    real_alone = BalancedConsistency(1.0, fake_share=0.0, shift_pixels=1, flip=True)
    torch.testing.assert_close(real_alone.discriminator(given), terms[0])
    assert real_alone.generator(given) is None
