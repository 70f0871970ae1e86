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
    ema = EMA(half_life_images=1000, warmup=0).follow(network)
    nn.init.constant_(network.weight, 1.0)
    for images in range(100, 3001, 100):
        ema.update(network, images)
        expected = 1 - 0.5 ** (images / 1000)
        assert ema.network.weight.item() == pytest.approx(expected, rel=1e-5)


def test_warm_up_shortens_the_half_life_early_and_not_late():
    ema = EMA(half_life_images=1000, warmup=0.05)
    assert ema.decay(2000, 1950) == pytest.approx(0.5 ** (50 / 100))
    assert ema.decay(10**6, 10**6 - 50) == pytest.approx(0.5 ** (50 / 1000))
    assert ema.decay(0, 0) == 0.0


def test_updates_further_apart_weigh_more():
    often, rarely = linear(0.0), linear(0.0)
    a, b = EMA(500, 0).follow(often), EMA(500, 0).follow(rarely)
    for network in (often, rarely):
        nn.init.constant_(network.weight, 1.0)
    for images in (100, 200, 300):
        a.update(often, images)
    b.update(rarely, 300)
    assert a.network.weight.item() == pytest.approx(b.network.weight.item(), rel=1e-5)


def test_average_of_a_half_precision_network_is_float32_and_moves():
    network = linear(1.0, torch.bfloat16)
    ema = EMA(half_life_images=1000, warmup=0).follow(network)
    nn.init.constant_(network.weight, 2.0)
    for images in range(1, 101):
        ema.update(network, images)
    assert ema.network.weight.dtype == torch.float32
    assert ema.network.weight.item() == pytest.approx(2 - 0.5**0.1, rel=1e-4)


def test_it_copies_buffers_stays_in_evaluation_mode_and_asks_for_no_gradient():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ema = EMA().follow(network)
    ema.train()
    network(torch.randn(8, 2))
    ema.update(network, 10)
    assert torch.equal(ema.network[1].running_mean, network[1].running_mean)
    assert not ema.network[1].training
    assert not any(p.requires_grad for p in ema.parameters())


def test_the_moment_of_the_last_update_is_saved():
    network = linear(0.0)
    ema, again = EMA(1000, 0).follow(network), EMA(1000, 0).follow(network)
    ema.update(network, 700)
    again.load_state_dict(ema.state_dict())
    nn.init.constant_(network.weight, 1.0)
    again.update(network, 1000)
    assert again.network.weight.item() == pytest.approx(1 - 0.5**0.3, rel=1e-5)


def test_a_schedule_is_a_factor_on_the_half_life():
    ema = EMA(half_life_images=1000, warmup=0, schedule=Schedule("linear", horizon_images=1000, final=0.5))
    assert ema.decay(500, since=250) == pytest.approx(0.5 ** (250 / 750), rel=1e-12)
    assert ema.decay(2000, since=1500) == pytest.approx(0.5, rel=1e-12)
