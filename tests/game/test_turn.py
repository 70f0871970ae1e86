from saddle.game.turn import Turn


def test_a_turn_is_due_in_the_last_of_each_every_iterations():
    turn = Turn("generator", ("generator",), loss=None, every=3)
    assert [turn.due(iteration) for iteration in range(7)] == [False, False, True, False, False, True, False]
