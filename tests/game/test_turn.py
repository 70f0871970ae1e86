from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.turn import Turn
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.mean_matching import MeanMatching
from saddle.penalty.r1 import R1
from saddle.penalty.weight_clipping import WeightClipping


def test_a_turn_is_due_in_the_last_of_each_every_iterations():
    turn = Turn("generator", ("generator",), loss=None, every=3)
    assert [turn.due(iteration) for iteration in range(7)] == [False, False, True, False, False, True, False]


def test_turns_their_order_and_their_constraints():
    clip = WeightClipping(limit=0.1)
    discriminator, generator = Adversarial(AdversarialObjective(Minimax(), {"clip": clip}), n_critic=5).turns()
    assert (discriminator.name, discriminator.trains, discriminator.every) == ("discriminator", ("discriminator",), 1)
    assert (generator.name, generator.trains, generator.every) == ("generator", ("generator",), 5)
    assert discriminator.constraints == (clip,)
    assert generator.constraints == ()


def test_its_period_covers_lazy_penalties_in_both_players_turns():
    penalties = {"r1": R1(1.0, every_iterations=4), "match": MeanMatching(1.0, every_iterations=6)}
    game = Adversarial(AdversarialObjective(NonSaturating(), penalties), n_critic=5)
    period = game.period()

    def due(iteration: int) -> tuple:
        turns = tuple(turn.due(iteration) for turn in game.turns())
        lazy = [game.objective.due_gradient_penalties(iteration), game.objective.due_terms(iteration // 5)]
        return (*turns, *(tuple(names) for names in lazy))

    rhythm = [due(iteration) for iteration in range(2 * period)]
    assert rhythm[:period] == rhythm[period:]
    assert len(set(rhythm)) > 3
    assert Adversarial(AdversarialObjective(NonSaturating())).period() == 1
