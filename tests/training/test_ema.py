import pytest
import torch
from torch import nn

from saddle.schedule import Schedule
from saddle.training.ema import EMA


def linear(value: float, dtype=torch.float32) -> nn.Linear:
    network = nn.Linear(1, 1, bias=False).to(dtype)
    nn.init.constant_(network.weight, value)
    return network


def test_the_past_halves_every_half_life():
    network = linear(0.0)
    ema = EMA(half_life_images=1000, warmup=0).follow({"g": network})
    nn.init.constant_(network.weight, 1.0)
    for images in range(100, 3001, 100):
        ema.update("g", network, images)
        expected = 1 - 0.5 ** (images / 1000)
        assert ema.networks.g.weight.item() == pytest.approx(expected, rel=1e-5)


def test_warm_up_shortens_the_half_life_early_and_not_late():
    ema = EMA(half_life_images=1000, warmup=0.05)
    assert ema.decay(2000, 1950) == pytest.approx(0.5 ** (50 / 100))
    assert ema.decay(10**6, 10**6 - 50) == pytest.approx(0.5 ** (50 / 1000))
    assert ema.decay(0, 0) == 0.0


def test_updates_further_apart_weigh_more():
    often, rarely = linear(0.0), linear(0.0)
    a, b = EMA(500, 0).follow({"g": often}), EMA(500, 0).follow({"g": rarely})
    for network in (often, rarely):
        nn.init.constant_(network.weight, 1.0)
    for images in (100, 200, 300):
        a.update("g", often, images)
    b.update("g", rarely, 300)
    assert a.networks.g.weight.item() == pytest.approx(b.networks.g.weight.item(), rel=1e-5)


def test_average_of_a_half_precision_network_is_float32_and_moves():
    network = linear(1.0, torch.bfloat16)
    ema = EMA(half_life_images=1000, warmup=0).follow({"g": network})
    nn.init.constant_(network.weight, 2.0)
    for images in range(1, 101):
        ema.update("g", network, images)
    assert ema.networks.g.weight.dtype == torch.float32
    assert ema.networks.g.weight.item() == pytest.approx(2 - 0.5**0.1, rel=1e-4)


def test_it_averages_batch_statistics_stays_in_evaluation_mode_and_asks_for_no_gradient():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ema = EMA(half_life_images=10, warmup=0).follow({"g": network})
    ema.train()
    network(torch.randn(8, 2))
    ema.update("g", network, 20)
    torch.testing.assert_close(ema.networks.g[1].running_mean, 0.75 * network[1].running_mean)
    assert network[1].running_mean.abs().min() > 0
    assert torch.equal(ema.networks.g[1].num_batches_tracked, network[1].num_batches_tracked)
    assert not ema.networks.g[1].training
    assert not any(p.requires_grad for p in ema.parameters())


def test_the_moment_of_the_last_update_is_saved():
    network = linear(0.0)
    ema, again = EMA(1000, 0).follow({"g": network}), EMA(1000, 0).follow({"g": network})
    ema.update("g", network, 700)
    again.load_state_dict(ema.state_dict())
    nn.init.constant_(network.weight, 1.0)
    again.update("g", network, 1000)
    assert again.networks.g.weight.item() == pytest.approx(1 - 0.5**0.3, rel=1e-5)


def test_a_schedule_is_a_factor_on_the_half_life():
    ema = EMA(half_life_images=1000, warmup=0, schedule=Schedule("linear", horizon_images=1000, final=0.5))
    assert ema.decay(500, since=250) == pytest.approx(0.5 ** (250 / 750), rel=1e-12)
    assert ema.decay(2000, since=1500) == pytest.approx(0.5, rel=1e-12)


def test_each_network_has_a_last_update_of_its_own():
    first, second = linear(0.0), linear(0.0)
    ema = EMA(1000, 0).follow({"first": first, "second": second})
    for network in (first, second):
        nn.init.constant_(network.weight, 1.0)
    ema.update("first", first, 500)
    ema.update("first", first, 1000)
    ema.update("second", second, 1000)
    assert ema.networks.first.weight.item() == pytest.approx(0.5, rel=1e-5)
    assert ema.networks.second.weight.item() == pytest.approx(0.5, rel=1e-5)
