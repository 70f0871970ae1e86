from saddle.training.clock import Clock


def test_a_clock_counts_and_comes_back_from_plain_values():
    clock = Clock()
    clock.tick(64)
    clock.tick(64)
    clock.updates["generator"] += 1
    state = clock.state_dict()
    assert state == {"iteration": 2, "images": 128, "updates": {"generator": 1}}
    assert type(state["updates"]) is dict
    assert Clock.from_state_dict(state) == clock
