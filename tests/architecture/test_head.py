import pytest
import torch
from torch import nn

from saddle.architecture.head import Head
from saddle.config.compose import compose
from saddle.factory.parts import build_parts


def test_one_hidden_layer_or_none():
    features = torch.randn(4, 6)
    plain = Head(6, 3, hidden=0)
    (linear,) = plain.layers
    assert torch.equal(plain(features), linear(features))
    deep = Head(6, 3, hidden=5, activation="relu")
    first, activation, last = deep.layers
    assert isinstance(activation, nn.ReLU)
    assert torch.equal(deep(features), last(first(features).clamp(min=0)))
    assert (deep.features, deep.outputs, deep.classes) == (6, 3, 0)
    deep(features).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in deep.parameters())


@pytest.mark.parametrize(("given", "missing"), [({"features": 4}, "outputs"), ({"outputs": 4}, "features")])
def test_what_nobody_filled_in_is_named(given, missing):
    with pytest.raises(ValueError, match=f"^{missing}=null: the game gives this number, and this game does not$"):
        Head(**given)


@pytest.mark.parametrize(("network", "layers"), [("recognition", 3), ("classifier", 1)])
def test_its_configs_leave_both_numbers_to_the_game(network, layers):
    game = {"recognition": "infogan", "classifier": "auxiliary_classifier"}[network]
    head = build_parts(compose(["data=digits", f"game={game}"])).networks[network]
    assert len(head.layers) == layers
    assert head(torch.randn(4, head.features)).shape == (4, head.outputs)
    assert (head.features, head.outputs) == (256, {"recognition": 14, "classifier": 10}[network])
