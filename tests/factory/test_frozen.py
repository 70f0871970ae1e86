import pytest
from torch import nn

from helpers import SmallDiscriminator, SmallGenerator
from saddle.architecture import base
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.frozen import freeze
from saddle.factory.parts import build_parts


class Discriminator(base.Discriminator):
    """Somebody else's: layers in another order than that of their assignment, which it says."""

    features = 2

    def __init__(self) -> None:
        super().__init__()
        self.last, self.second, self.first = nn.Linear(2, 1), nn.Linear(2, 2), nn.Linear(2, 2)

    @property
    def head(self) -> nn.Module:
        return self.last

    @property
    def freezable_layers(self) -> list[list[nn.Module]]:
        return [[self.first], [self.second]]


def frozen(network: nn.Module) -> set[str]:
    return {name for name, parameter in network.named_parameters() if not parameter.requires_grad}


@pytest.mark.parametrize(("number", "names"), [(0, []), (1, ["first"]), (2, ["first", "second"])])
def test_the_first_layers_of_each_discriminator_are_frozen_in_its_own_order(number, names):
    networks = {
        "generator": SmallGenerator(),
        "discriminator": Discriminator(),
        "source_discriminator": Discriminator(),
    }
    freeze(networks, number, "cyclegan")
    expected = {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}
    assert frozen(networks["discriminator"]) == frozen(networks["source_discriminator"]) == expected
    assert frozen(networks["generator"]) == set()


def test_the_last_layer_always_learns():
    for network, layers in ((Discriminator(), 2), (SmallDiscriminator(), 0)):
        with pytest.raises(InputError, match=f"^training.freeze={layers + 1} .* use at most {layers}$"):
            freeze({"discriminator": network}, layers + 1, "adversarial")


def test_a_game_without_a_discriminator_has_nothing_to_freeze():
    freeze({"generator": SmallGenerator()}, 0, "vae")
    with pytest.raises(InputError, match="^training.freeze=1: game=vae has no discriminator"):
        freeze({"generator": SmallGenerator()}, 1, "vae")


def test_frozen_layers_that_no_run_has_trained_give_a_warning():
    chosen = ["data=digits", "architecture=mlp"]
    for overrides, number in ((["training.freeze=1"], 1), (["training.freeze=1", "init=run"], 0), ([], 0)):
        warnings = build_parts(compose([*chosen, *overrides])).warnings
        assert sum(text.startswith("training.freeze=1: ") for text in warnings) == number
