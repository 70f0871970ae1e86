import torch

from helpers import Fixed, term_inputs
from saddle.penalty.latent_consistency import LatentConsistency


def test_both_terms_by_hand():
    latent, step = torch.randn(5, 3).double(), torch.randn(5, 3).double()

    def generate(z: torch.Tensor) -> torch.Tensor:
        return z.tanh().view(-1, 1, 1, 3)

    def discriminate(images: torch.Tensor, kind: str = "") -> torch.Tensor:
        return images.flatten(1).square().sum(1)

    fake, moved = generate(latent), generate(latent + 0.5 * step)
    term = LatentConsistency(weight=1.0, deviation=0.5, generator_share=0.25)
    given = term_inputs(
        latent=latent,
        fake=fake,
        logits={"fake": discriminate(fake)},
        generate=generate,
        discriminate=discriminate,
        randomness=Fixed(step),
    )
    expected = (discriminate(fake) - discriminate(moved)).square().mean()
    torch.testing.assert_close(term.discriminator(given), expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(term.generator(given), -0.25 * (fake - moved).square().mean(), rtol=1e-12, atol=0)
    assert LatentConsistency(weight=1.0, generator_share=0).generator(given) is None


def test_the_discriminators_term_does_not_train_the_generator():
    weight = torch.ones(3, requires_grad=True)
    given = term_inputs(
        latent=torch.randn(2, 3),
        logits={"fake": torch.zeros(2, requires_grad=True)},
        generate=lambda z: (z * weight).view(-1, 1, 1, 3),
        discriminate=lambda images, kind: images.flatten(1).sum(1),
        randomness=Fixed(torch.randn(2, 3)),
    )
    LatentConsistency(weight=1.0).discriminator(given).backward()
    assert weight.grad is None


def test_gs_term_leaves_half_precision_whose_steps_are_larger_than_the_difference():
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.Tanh(), torch.nn.Linear(64, 16), torch.nn.Tanh())
    given = term_inputs(latent=torch.randn(32, 8), generate=network, randomness=Fixed(torch.randn(32, 8)))
    exact = LatentConsistency(weight=1.0).generator(given)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = LatentConsistency(weight=1.0).generator(given)
    assert mixed.dtype == torch.float32
    torch.testing.assert_close(mixed, exact, rtol=1e-6, atol=0)
