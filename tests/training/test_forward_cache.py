"""What turns share in the reference executor: the same bits as if each turn made it by itself."""

import pytest
import torch
from pairs import DCGAN, QUIET
from pairs import GAMES as WHOLE
from torch import nn

from helpers import Points, SmallGenerator, differences, fit, small_module
from saddle.config.compose import compose
from saddle.factory.run import build
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.eager import Eager

CONFIGS = {
    **{name: WHOLE[name] for name in ("adversarial", "infogan", "bigan", "vae_gan", "auxiliary_classifier")},
    "G's turn every third time": [*WHOLE["adversarial"], "game.n_critic=3"],
    "a term that looks at both": [*WHOLE["adversarial"], "penalty=[r1,latent_consistency]"],
    "half precision": [*WHOLE["adversarial"], "trainer.precision=bf16-mixed"],
    "batch statistics": ["data=digits", *DCGAN, "architecture.generator.normalization=batch"],
}


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_kept_for_the_next_turn_is_what_it_would_make(name, monkeypatch):
    states = []
    for moment in (Eager.moment, lambda executor, part: executor.player.moment(part)):
        monkeypatch.setattr(Eager, "moment", moment)
        built = build(compose([*CONFIGS[name], "trainer=cpu", "trainer.max_steps=6", *QUIET, "data.batch_size=8"]))
        begun = {key: value.clone() for key, value in built.module.state_dict().items() if torch.is_tensor(value)}
        built.trainer.fit(built.module, datamodule=built.data_module)
        optimizers = [optimizer.state_dict() for optimizer in built.trainer.optimizers]
        states.append(({key: built.module.state_dict()[key] for key in begun}, optimizers))
    assert differences(begun, states[0][0])
    assert differences(*states) == []


def passes(generator: nn.Module, steps: int = 6, accumulate: int = 1, **game) -> int:
    """How often G is asked in training."""
    asked = []
    module = small_module(Adversarial(AdversarialObjective(NonSaturating()), **game), accumulate)
    module.generator = generator
    generator.register_forward_hook(lambda *_: asked.append(generator.training))
    fit(module, Points(accumulate=accumulate), steps)
    return sum(asked)


class Dropping(SmallGenerator):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Sequential(self.linear, nn.Dropout(0.5))


def test_the_generator_is_asked_once_per_iteration():
    assert passes(SmallGenerator()) == 6
    assert passes(SmallGenerator(), n_critic=3) == 6


def test_the_generator_is_asked_in_each_turn_where_that_differs():
    assert passes(Dropping()) == 12


def test_of_several_parts_nothing_is_kept():
    assert passes(SmallGenerator(), steps=3, accumulate=2) == 12


def test_a_generator_that_has_changed_is_asked_again():
    class GeneratorFirst(Adversarial):
        def turns(self):
            return super().turns()[::-1]

    asked = []
    module = small_module(GeneratorFirst(AdversarialObjective(NonSaturating())))
    module.generator.register_forward_hook(lambda network, *_: asked.append(network.linear.weight.detach().clone()))
    fit(module, Points(), 3)
    assert len(asked) == 6
    assert not torch.equal(asked[0], asked[1])
    assert torch.equal(asked[1], asked[2])
