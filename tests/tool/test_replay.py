from saddle.run.retrace import FirstDifference
from saddle.tool.replay import sentence_of
from saddle.training.difference import Difference


def test_a_first_difference_is_a_sentence_and_a_table():
    found = [
        Difference("discriminator", "loss", "r1", 0.0178740, None, None),
        Difference("discriminator", "weight", "discriminator", 37.0493, 37.0586, 0.00211),
        Difference(None, "average", "generator", 2.0, 1.0, 0.5),
    ]
    lines = sentence_of(FirstDifference(2001, found), ("penalty=none", "seed=1")).splitlines()
    assert lines[0] == "penalty=none seed=1: the branch first differs in iteration 2,001"
    rows = [line.split() for line in lines[1:]]
    assert rows[0] == ["turn", "what", "run", "branch", "relative"]
    assert rows[1] == ["discriminator", "loss", "r1", "0.017874", "-", "-"]
    assert rows[2] == ["discriminator", "weights", "of", "discriminator", "37.0493", "37.0586", "0.0021"]
    assert rows[3] == ["-", "average", "of", "generator", "2", "1", "0.5"]


def test_no_difference_is_said():
    assert "does not differ" in sentence_of(FirstDifference(None, []), ("optimizer.lr=0.1",))
