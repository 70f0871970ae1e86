import math

import pytest
import torch

from saddle.metric.contrastive import ContrastiveNetwork, RandomChange, contrastive_loss, train_contrastive


def pictures(num: int, size: tuple[int, int] = (12, 12)) -> torch.Tensor:
    """Discs of random colors in random places, uint8 (num, 3, *size)."""
    generator = torch.Generator().manual_seed(0)
    down, right = torch.rand(2, num, 1, 1, generator=generator)
    rows = torch.arange(size[0]).view(1, -1, 1) / size[0]
    columns = torch.arange(size[1]).view(1, 1, -1) / size[1]
    inside = ((rows - down).square() + (columns - right).square() < 0.05).unsqueeze(1)
    colors, behind = torch.rand(2, num, 3, 1, 1, generator=generator)
    return (255 * torch.where(inside, colors, behind)).to(torch.uint8)


@pytest.mark.parametrize(("channels", "size"), [(1, 8), (2, (16, 40)), (3, 28), (3, (128, 64)), (4, 33)])
def test_images_of_any_form_have_128_features_and_no_classes(channels, size):
    height, width = (size, size) if isinstance(size, int) else size
    network = ContrastiveNetwork(channels, size if isinstance(size, int) else list(size))
    features, logits = network(torch.rand(3, channels, height, width) * 2 - 1)
    assert (features.shape, logits.shape) == ((3, 128), (3, 0))
    sides = [layer.out_channels for layer in network.body if isinstance(layer, torch.nn.Conv2d)]
    assert sides[-2:] == [128, 128]
    assert len(sides) == 1 + math.floor(math.log2(min(height, width) / 4))


def test_a_side_without_room_for_a_halving_is_refused():
    with pytest.raises(ValueError, match="image_size=7 is too small"):
        ContrastiveNetwork(1, [20, 7])


def test_the_folded_network_gives_the_same():
    torch.manual_seed(0)
    network = ContrastiveNetwork(3, 16).double()
    images = torch.randn(40, 3, 16, 16, dtype=torch.float64)
    network(images)
    folded = network.folded()
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded.modules())
    torch.testing.assert_close(folded(images)[0], network.eval()(images)[0], rtol=1e-12, atol=1e-12)


def test_the_loss_by_hand_for_two_images():
    """Four directions in a plane: each finds the other one of its image among three, by cosines over 0.2."""
    first = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    second = torch.tensor([[0.6, 0.8], [0.8, 0.6]])

    def of(own: float, *others: float) -> float:
        return math.log(sum(math.exp(5 * cosine) for cosine in (own, *others))) - 5 * own

    at_first, at_second = of(0.6, 0.0, 0.8), of(0.6, 0.8, 0.96)
    assert float(contrastive_loss(first, second)) == pytest.approx((at_first + at_second) / 2, rel=1e-6)


def test_changes_come_from_the_generator_and_stay_images():
    images = pictures(20) / 127.5 - 1
    first, again = (RandomChange(3, True, torch.Generator().manual_seed(5))(images) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == images.shape
    assert -1 <= first.min() < first.max() <= 1
    assert (first - images).abs().flatten(1).mean(1).min() > 0.01


def test_only_mirrored_pictures_are_mirrored():
    bar = -torch.ones(200, 1, 16, 16)
    bar[..., 2:5] = 1.0  # left of the middle, whatever a change without mirroring does to it
    ink = {}
    for flip in (False, True):
        changed = RandomChange(1, flip, torch.Generator().manual_seed(0))(bar)
        left, right = changed[..., :8].mean((1, 2, 3)), changed[..., 8:].mean((1, 2, 3))
        ink[flip] = float((left > right).float().mean())
    assert ink[False] > 0.85
    assert 0.35 < ink[True] < 0.65


def test_each_of_several_channels_is_shifted_by_itself():
    gray = torch.zeros(300, 2, 8, 8)
    changed = RandomChange(2, False, torch.Generator().manual_seed(0))(gray)
    apart = (changed[:, 0] - changed[:, 1]).mean((1, 2))
    assert float(apart.std()) == pytest.approx(0.15 * math.sqrt(2), rel=0.15)


def test_training_is_a_function_of_the_seed_and_learns():
    images = pictures(100)
    losses: list[float] = []
    first = train_contrastive(images, 30, 0, False, lambda step, loss: losses.append(loss))
    again = train_contrastive(images, 30, 0, False)
    other = train_contrastive(images, 30, 1, False)
    states = [network.state_dict() for network in (first, again, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["body.0.weight"], states[2]["body.0.weight"])
    assert not first.training
    assert len(losses) == 30
    assert sum(losses[-5:]) < 0.95 * sum(losses[:5]) < 5 * math.log(127)  # by chance


@pytest.mark.parametrize("steps", [1, 4, 5, 6])
def test_any_number_of_steps_is_a_training(steps):
    rates: list[int] = []
    train_contrastive(pictures(64), steps, 0, False, lambda step, loss: rates.append(step))
    assert rates == list(range(steps))


def test_fewer_images_than_a_batch_are_refused():
    with pytest.raises(ValueError, match="at least 64 images besides those held out, got 63"):
        train_contrastive(pictures(63), 1, 0, False)
