import math

import pytest
import torch

from saddle.augmentation.ada import ADA
from saddle.error import InputError
from saddle.penalty.base import logits_and_input_gradient
from saddle.penalty.r1 import R1
from saddle.training.noise import Noise

GEOMETRY = ["flip", "quarter_turn", "translation", "scale", "stretch", "fractional_translation"]
LIGHT = ["brightness", "contrast"]
MIXING = ["luma_flip", "hue", "saturation"]
NONE = {**dict.fromkeys(GEOMETRY + LIGHT + MIXING, False), "rotation_degrees": 0.0}


def ada(p: float, *wanted: str, **settings) -> ADA:
    """ADA at strength `p` with the `wanted` changes alone."""
    made = ADA(**{**NONE, **dict.fromkeys(wanted, True), **settings})
    made.p.fill_(p)
    return made


def everything(p: float, channels: int) -> ADA:
    return ada(p, *GEOMETRY, *LIGHT, *(MIXING if channels == 3 else []), rotation_degrees=180.0)


def drawn(seed: int = 0) -> callable:
    """Numbers that depend on the purpose, as in training."""
    noise = Noise(seed, rows=1000)

    def uniform(purpose: str, shape: tuple[int, ...]) -> torch.Tensor:
        like = torch.zeros((), dtype=torch.float64)
        return noise.draw("uniform", purpose, (1000, *shape[1:]), 0, like)[: shape[0]]

    return uniform


def given(**numbers: list[float]) -> callable:
    """The same numbers (whether, and how twice) for each image, by the name of the change."""
    return lambda purpose, shape: torch.tensor(numbers[purpose.removeprefix("ada.")]).expand(shape)


def images(rows: int = 6, channels: int = 1, side: int = 28) -> torch.Tensor:
    return torch.rand(rows, channels, side, side, dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
def test_at_zero_it_changes_nothing_and_draws_nothing(channels):
    x = images(channels=channels)
    assert torch.equal(everything(0.0, channels)(x, None), x)


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (2, 28), (3, 28), (1, 32), (3, 32)])
def test_spared_images_stay_as_they_are_and_the_others_do_not(channels, side):
    x = images(1000, channels, side)
    augmentation = everything(0.1, channels)
    changes = len(GEOMETRY) + 1 + len(LIGHT) + (len(MIXING) if channels == 3 else 0)
    result = augmentation(x, drawn())
    spared = (result == x).flatten(1).all(1).double().mean()
    # Flips and luma flips change half of those that they are made to, quarter turns three quarters.
    expected = 0.9 ** (changes - 2) * 0.95 * 0.925 * (0.95 / 0.9 if channels == 3 else 1)
    assert expected - 0.05 < spared < expected + 0.05
    assert result.shape == x.shape
    assert result.isfinite().all()


@pytest.mark.parametrize("wanted", [*GEOMETRY, *LIGHT, *MIXING, "rotation"])
def test_each_change_is_made_with_probability_p(wanted):
    x = images(1000, 3, 8)
    changed = ada(0.4, rotation_degrees=180.0) if wanted == "rotation" else ada(0.4, wanted)
    share = (changed(x, drawn()) != x).flatten(1).any(1).double().mean()
    # Half of the flips change nothing, nor a quarter of the quarter turns, nor a quarter of the shifts: an eighth of 8
    # pixels is 1, which rounds to 0 in half of the cases along each axis.
    seen = {"flip": 0.5, "luma_flip": 0.5, "quarter_turn": 0.75, "translation": 0.75}.get(wanted, 1.0)
    assert 0.4 * seen - 0.05 < share < 0.4 * seen + 0.05


def test_changes_are_made_in_the_order_of_the_paper():
    x = images(2)
    numbers = {
        "flip": [0.0, 0.9, 0.0],
        "quarter_turn": [0.0, 0.3, 0.0],
        "translation": [0.0, 0.9, 0.5],
        "brightness": [0.0, 0.9, 0.0],
        "contrast": [0.0, 0.3, 0.0],
        "luma_flip": [0.0, 0.9, 0.0],
        "saturation": [0.0, 0.3, 0.0],
    }
    together = ada(0.5, "flip", "quarter_turn", "translation")(x, given(**numbers))
    expected = x.flip(3).rot90(-1, (2, 3))[:, :, :, :25]
    assert torch.equal(together[:, :, :, 3:], expected)
    x = images(2, 3)
    one_by_one = x
    for name in ("translation", *LIGHT, "luma_flip", "saturation"):
        one_by_one = ada(0.5, name)(one_by_one, given(**numbers))
    together = ada(0.5, "translation", *LIGHT, "luma_flip", "saturation")(x, given(**numbers))
    torch.testing.assert_close(together, one_by_one, rtol=0, atol=1e-6)
    other = ada(0.5, "contrast")(x, given(**numbers))
    assert (ada(0.5, "brightness")(other, given(**numbers)) - ada(0.5, *LIGHT)(x, given(**numbers))).abs().max() > 0.01


@pytest.mark.parametrize("channels", [1, 3])
def test_each_row_depends_on_its_own_image_and_numbers_alone(channels):
    augmentation, x, uniform = everything(0.8, channels), images(6, channels), drawn()
    together = augmentation(x, uniform)
    other = images(6, channels)
    other[2] = x[2]
    assert torch.equal(augmentation(other, uniform)[2], together[2])
    assert torch.equal(augmentation(x[:3], uniform), together[:3])
    same = augmentation(x[:1].expand(6, -1, -1, -1), uniform)
    assert len({tuple(row.flatten().tolist()) for row in same}) == 6


def test_two_ranks_with_two_parts_make_what_one_process_makes():
    augmentation, x, like = everything(0.8, 1), images(8), torch.zeros(())

    def made(rows: slice, rank: int, world_size: int, part: int, parts: int) -> torch.Tensor:
        noise = Noise(5, 8, parts, rank, world_size)
        return augmentation(x[rows], lambda purpose, shape: noise.draw("uniform", purpose, shape, part, like))

    whole = made(slice(0, 8), 0, 1, 0, 1)
    for part in range(2):
        for rank in range(2):
            rows = slice(4 * part + 2 * rank, 4 * part + 2 * rank + 2)
            assert torch.equal(made(rows, rank, 2, part, 2), whole[rows])


@pytest.mark.parametrize("channels", [1, 3])
def test_gradients_are_those_of_finite_differences(channels):
    augmentation, x = everything(0.8, channels), images(2, channels, 4).requires_grad_()
    assert (augmentation(x, drawn()) != x).flatten(1).any(1).all()
    assert torch.autograd.gradcheck(lambda x: augmentation(x, drawn()) ** 3, x)
    assert torch.autograd.gradgradcheck(lambda x: augmentation(x, drawn()) ** 3, x)


def test_r1_through_it_reaches_the_weights_of_d_as_finite_differences_say():
    augmentation, x = everything(0.8, 1), images(2, 1, 4)
    weight = torch.randn(16, 5, dtype=torch.float64, requires_grad=True)

    def penalty(weight: torch.Tensor) -> torch.Tensor:
        def discriminator(images: torch.Tensor) -> torch.Tensor:
            return (augmentation(images, drawn()).flatten(1) @ weight).tanh().sum(1)

        return R1(weight=1.0).values(logits_and_input_gradient(discriminator, x)[1]).mean()

    assert torch.autograd.gradcheck(penalty, weight)


def test_keeps_the_type_of_the_images_and_places_as_exact_under_autocast():
    x = images().bfloat16()
    numbers = given(translation=[0.0, 0.999, 0.5])
    with torch.autocast("cpu", torch.bfloat16):
        result = ada(1.0, "translation")(x, numbers)
    assert result.dtype == torch.bfloat16
    assert torch.equal(result[:, :, :, 3:], x[:, :, :, :25])


@pytest.mark.parametrize("wanted", MIXING)
@pytest.mark.parametrize("channels", [1, 2])
def test_changes_that_mix_channels_are_refused_without_three(wanted, channels):
    augmentation = ada(0.0, wanted)
    message = rf"^{wanted}=true .* data\.channels={channels}"
    with pytest.raises(InputError, match=message):
        augmentation.check(channels)
    with pytest.raises(InputError, match=message):
        augmentation(images(channels=channels), None)
    augmentation.check(3)
    ADA().check(channels)


# the controller


def observe(augmentation: ADA, logits: list[float], times: int, count: int = 100) -> None:
    for _ in range(times):
        augmentation.observe(torch.tensor(logits), count)


HIGH, LOW = [3.0, 0.1, 9.0, 2.0, 7.0, -0.1], [3.0, -0.1, -9.0, 2.0]  # mean signs 2/3 and 0


def test_p_rises_by_the_images_seen_while_d_overfits_and_falls_while_it_does_not():
    augmentation = ADA(every_iterations=4, speed_images=2000, target=0.6)
    observe(augmentation, HIGH, 3)
    assert augmentation.p == 0
    observe(augmentation, HIGH, 1)
    assert augmentation.p.item() == pytest.approx(400 / 2000)
    assert augmentation.r_t.item() == pytest.approx(2 / 3)
    observe(augmentation, HIGH, 8)
    assert augmentation.p.item() == pytest.approx(3 * 400 / 2000)
    observe(augmentation, LOW, 4)
    assert augmentation.p.item() == pytest.approx(2 * 400 / 2000)
    assert augmentation.r_t.item() == 0
    observe(augmentation, LOW, 1, count=700)
    observe(augmentation, LOW, 3, count=20)
    assert augmentation.p.item() == pytest.approx((2 * 400 - 760) / 2000, abs=1e-6)


def test_the_signs_count_over_the_whole_time_and_their_size_does_not():
    augmentation = ADA(every_iterations=2, speed_images=1000, target=0.0)
    augmentation.p.fill_(0.5)
    augmentation.observe(torch.tensor([-100.0, -100.0, 0.0, 1.0]), 100)  # sum of signs -1 of 4 logits
    augmentation.observe(torch.tensor([0.01, 0.01]), 100)  # 2 of 2
    assert augmentation.r_t.item() == pytest.approx(1 / 6)
    assert augmentation.p.item() == pytest.approx(0.7)


def test_at_the_target_p_stays():
    augmentation = ADA(every_iterations=1, speed_images=1000, target=0.5)
    augmentation.p.fill_(0.5)
    observe(augmentation, [1.0, 1.0, 1.0, -1.0], 5)
    assert augmentation.p == 0.5


@pytest.mark.parametrize("limit", [1.0, 0.8])
def test_p_stays_between_zero_and_its_limit_and_comes_back_at_once(limit):
    augmentation = ADA(every_iterations=1, speed_images=1000, limit=limit)
    observe(augmentation, LOW, 3)
    assert augmentation.p == 0
    observe(augmentation, HIGH, 50)
    assert augmentation.p.item() == pytest.approx(limit)
    observe(augmentation, LOW, 1)
    assert augmentation.p.item() == pytest.approx(limit - 0.1)


def test_speed_is_that_of_the_paper():
    augmentation = ADA()
    observe(augmentation, HIGH, math.ceil(250_000 / 64 / 4) * 4, count=64)
    assert augmentation.p.item() == pytest.approx(0.5, abs=1e-3)


def test_the_state_is_saved_in_the_middle_of_an_interval_and_goes_on_as_if_unbroken():
    unbroken, first, second = (ADA(every_iterations=3, speed_images=1000) for _ in range(3))
    for augmentation in (unbroken, first):
        observe(augmentation, HIGH, 4)
    second.load_state_dict(first.state_dict())
    for augmentation in (unbroken, second):
        observe(augmentation, HIGH, 3, count=50)
    assert unbroken.p.item() == pytest.approx(0.3 + 0.2)
    assert {name: value.item() for name, value in second.state_dict().items()} == {
        name: value.item() for name, value in unbroken.state_dict().items()
    }


def test_rectangles_with_alpha_are_changed_and_their_alpha_is_moved_alone():
    x = torch.rand(3, 4, 12, 20, dtype=torch.float64) * 2 - 1
    augmentation = ADA(flip=True, luma_flip=True, hue=True, saturation=True)
    augmentation.p.fill_(1.0)
    generator = torch.Generator().manual_seed(0)
    drawn: dict[str, torch.Tensor] = {}

    def uniform(purpose: str, shape: tuple[int, ...]) -> torch.Tensor:
        if purpose not in drawn:
            drawn[purpose] = torch.rand(shape, generator=generator, dtype=torch.float64)
        return drawn[purpose]

    changed = augmentation(x, uniform)
    assert changed.shape == x.shape
    moved = ADA(flip=True, brightness=False, contrast=False, luma_flip=False, hue=False, saturation=False)
    moved.p.fill_(1.0)
    torch.testing.assert_close(changed[:, 3], moved(x, uniform)[:, 3], rtol=0, atol=1e-12)
    assert not torch.equal(changed[:, :3], moved(x, uniform)[:, :3])
