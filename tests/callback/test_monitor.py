import pytest
import torch

from helpers import Points, fit, small_module
from saddle.callback.monitor import Monitor
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.turn import Played
from saddle.loss.non_saturating import NonSaturating


def trained():
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    return module, fit(module, Points(), 2).datamodule


def test_separation_is_averaged_over_the_last_20_checks():
    module, data = trained()
    monitor = Monitor()
    batch = {"image": data.data.load()[0][:8].double() / 127.5 - 1}
    for check in range(30):
        above = 1.0 if check < 15 else -1.0  # ten of these leave the window
        logits = {"real": torch.tensor([above]), "fake": torch.tensor([0.0])}
        module.played = {"discriminator": Played({}, logits)}
        monitor.note_separation(module)
    assert monitor.take(module, batch, data)["separation"] == pytest.approx(5 / 20)
    module.played = {"generator": Played({}, {})}
    monitor.note_separation(module)  # nothing was observed
    assert monitor.take(module, batch, data)["separation"] == pytest.approx(5 / 20)


def test_the_signal_is_compared_with_the_largest_of_the_run_over_a_resume():
    monitor = Monitor()
    readings = {"signal": 4.0, "input_gradient_real": 2.0, "input_gradient_fake": 3.0}
    assert monitor.ratios(readings) == {"signal_share": 1.0, "gradient_ratio": 1.5}
    resumed = Monitor()
    resumed.load_state_dict(monitor.state_dict())
    assert resumed.ratios(readings | {"signal": 1.0})["signal_share"] == 0.25
    assert resumed.ratios(readings | {"signal": 8.0})["signal_share"] == 1.0
    assert resumed.ratios({"duplicates": 0.5}) == {}
