import pytest
import torch

from saddle.training.noise import Noise, fixed_noise

LIKE = torch.zeros(1)


def draw(noise: Noise, purpose: str = "latent", rows: int = 12, part: int = 0, kind: str = "normal") -> torch.Tensor:
    return noise.draw(kind, purpose, (rows, 5), part, LIKE)


def test_numbers_are_standard_normal_or_uniform():
    noise = Noise(0, 4000)
    normal, uniform = draw(noise, rows=4000), draw(noise, "share", rows=4000, kind="uniform")
    assert normal.mean().item() == pytest.approx(0, abs=0.03)
    assert normal.std().item() == pytest.approx(1, abs=0.03)
    assert 0 <= uniform.min() < 0.01
    assert 0.99 < uniform.max() < 1


def test_one_purpose_gives_one_noise_within_an_iteration_and_another_after():
    noise = Noise(0, 12)
    first = draw(noise)
    assert torch.equal(first, draw(noise))
    assert not torch.equal(first, draw(noise, "other"))
    noise.start(1)
    assert not torch.equal(first, draw(noise))
    noise.start(0)
    assert torch.equal(first, draw(noise))


@pytest.mark.parametrize("shift", [1, 2**31, 2**32, 5 << 32])
def test_seeds_and_iterations_that_share_low_bits_differ(shift):
    one, two = Noise(7, 12), Noise(7 + shift, 12)
    assert not torch.equal(draw(one), draw(two))
    one.start(3)
    first = draw(one)
    one.start(3 + shift)
    assert not torch.equal(first, draw(one))


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("world_size", [1, 2])
def test_parts_and_ranks_together_are_the_whole_batch(parts, world_size):
    whole = draw(Noise(0, 12))
    size = 12 // (parts * world_size)
    pieces = [
        draw(Noise(0, 12, parts, rank, world_size), rows=size, part=part)
        for part in range(parts)
        for rank in range(world_size)
    ]
    assert torch.equal(torch.cat(pieces), whole)


def test_precision_does_not_change_the_numbers():
    single = draw(Noise(0, 12))
    torch.set_default_dtype(torch.float64)
    try:
        double = Noise(0, 12).draw("normal", "latent", (12, 5), 0, torch.zeros(1, dtype=torch.float64))
        fixed = fixed_noise(0, "samples", (3, 100))
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(single.double(), double)
    assert torch.equal(fixed, fixed_noise(0, "samples", (3, 100)))


def test_a_wrong_number_of_rows_is_refused():
    with pytest.raises(ValueError, match="'latent' needs 6 rows"):
        draw(Noise(0, 12, parts=2), rows=12)


def test_default_generators_are_reseeded_per_iteration_and_rank():
    def numbers(iteration: int, rank: int) -> torch.Tensor:
        noise = Noise(0, 12, rank=rank, world_size=2)
        noise.start(iteration)
        noise.reseed()
        return torch.rand(3)

    assert torch.equal(numbers(1, 0), numbers(1, 0))
    assert not torch.equal(numbers(1, 0), numbers(2, 0))
    assert not torch.equal(numbers(1, 0), numbers(1, 1))


def test_rows_of_fixed_noise_do_not_depend_on_their_number():
    assert torch.equal(fixed_noise(0, "samples", (3, 100)), fixed_noise(0, "samples", (8, 100))[:3])
    assert not torch.equal(fixed_noise(0, "samples", (3, 100)), fixed_noise(1, "samples", (3, 100)))
    assert not torch.equal(fixed_noise(0, "samples", (3, 100)), fixed_noise(0, "other", (3, 100)))
