import re

import pytest

from helpers import Points, fit, small_module
from saddle.callback.progress import Progress
from saddle.game.adversarial import Adversarial
from saddle.loss.non_saturating import NonSaturating


@pytest.mark.parametrize("flags", [{}, {"max_time": "00:01:00:00"}, {"max_epochs": 3, "max_steps": -1}])
def test_the_bar_shows_iteration_images_speed_losses_and_time_left(capsys, flags):
    module = small_module(Adversarial(NonSaturating()))
    steps = flags.pop("max_steps", 21)
    fit(module, Points(), steps, [Progress()], **flags)
    last = capsys.readouterr().err.split("\r")[-1]
    assert re.match(r"21/(21|\?) ", last)
    assert "0.2 kimg" in last
    assert re.search(r"[\d,]+ images/s", last)
    assert f"discriminator {float(module.played['discriminator'].terms['adversarial']):.3f}" in last
    assert re.search(r"\d\d:\d\d left", last)
