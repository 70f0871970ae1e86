from functools import partial

import pytest
import torch

from saddle.training.stepwise import Stepwise


def test_two_functions_take_turns_and_each_draws_its_own_random_numbers():
    drawn = {}

    def drawing(name, draws):
        def play(pause):
            torch.manual_seed(3)
            drawn[name] = []
            for _ in range(3):
                drawn[name] += torch.rand(draws).tolist()
                pause(f"{name} {len(drawn[name])}")

        return Stepwise(play)

    players = drawing("a", 1), drawing("b", 5)
    assert drawn == {}
    points = [[player.advance() for player in players] for _ in range(4)]
    assert points == [["a 1", "b 5"], ["a 2", "b 10"], ["a 3", "b 15"], [None, None]]
    torch.manual_seed(3)
    assert drawn["a"] == torch.rand(3).tolist()
    torch.manual_seed(3)
    assert drawn["b"] == torch.rand(15).tolist()


def test_each_keeps_a_default_dtype_of_its_own():
    found = []

    def play(dtype, pause):
        torch.set_default_dtype(dtype)
        pause("set")
        found.append(torch.get_default_dtype())

    players = [Stepwise(partial(play, dtype)) for dtype in (torch.float64, torch.float16)]
    for player in (*players, *players):
        player.advance()
        assert torch.get_default_dtype() == torch.float32
    assert found == [torch.float64, torch.float16]


def test_an_error_reaches_the_caller():
    def failing(pause):
        pause("here")
        raise ValueError("there")

    player = Stepwise(failing)
    assert player.advance() == "here"
    with pytest.raises(ValueError, match="there"):
        player.advance()
