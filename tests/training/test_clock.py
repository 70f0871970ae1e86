import time

import pytest
import torch

from saddle.training.clock import Clock

CPU = torch.device("cpu")


def test_a_clock_counts_and_comes_back_from_plain_values():
    clock = Clock()
    clock.tick(64)
    clock.tick(64)
    clock.updates["generator"] += 1
    state = clock.state_dict()
    assert state == {"iteration": 2, "images": 128, "updates": {"generator": 1}, "cpu_seconds": 0.0}
    assert type(state["updates"]) is dict
    assert Clock.from_state_dict(state) == clock
    del state["cpu_seconds"]  # as earlier versions wrote it
    assert Clock.from_state_dict(state) == clock


def work(seconds: float) -> None:
    """Keep the processor busy for that many CPU seconds."""
    begun = time.process_time()
    while time.process_time() < begun + seconds:
        pass


def test_seconds_of_work_count_and_waiting_and_what_is_left_out_do_not():
    clock = Clock(cpu_seconds=10.0)
    with clock.counting(CPU):
        work(0.2)
        time.sleep(0.3)
        with clock.not_counting(CPU):
            work(0.4)
    work(0.4)
    assert clock.cpu_seconds == pytest.approx(10.2, abs=0.1)
    assert Clock.from_state_dict(clock.state_dict()).cpu_seconds == clock.cpu_seconds
