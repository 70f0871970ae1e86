import pytest
import torch

from helpers import term_inputs
from saddle.architecture.light import Discriminator, Generator
from saddle.augmentation.diffaugment import DiffAugment
from saddle.game.adversarial_objective import AdversarialObjective, image_inputs
from saddle.game.turn import Moment
from saddle.loss.hinge import Hinge
from saddle.penalty.reconstruction import Reconstruction


def test_value_is_the_sum_of_mean_absolute_differences_at_real_images():
    real, fake = torch.randn(4, 1, 8, 8).double(), torch.zeros(4, 1, 8, 8).double()

    def reconstructions(images, kind):
        assert kind == "real"
        return [(images, torch.zeros_like(images)), (2 * images[..., :3], images[..., :3])]

    value = Reconstruction(weight=1.0).discriminator(term_inputs(real=real, fake=fake, reconstructions=reconstructions))
    torch.testing.assert_close(value, real.abs().mean() + real[..., :3].abs().mean())
    assert Reconstruction(weight=1.0).generator(term_inputs()) is None


@pytest.mark.parametrize("augmented", [False, True])
def test_in_a_game_the_decoders_make_what_d_sees(augmented):
    torch.manual_seed(0)
    augmentations = {"diffaugment": DiffAugment()} if augmented else {}
    objective = AdversarialObjective(Hinge(), {"reconstruction": Reconstruction(1.0)}, augmentations)
    network = Discriminator(16, 1, width=4, reconstructs=True, normalization="none")
    real, fake = torch.rand(3, 1, 16, 16) * 2 - 1, torch.zeros(3, 1, 16, 16)

    def uniform(purpose: str, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.rand(shape, generator=torch.Generator().manual_seed(len(purpose)))

    moment = Moment(0, 0, noise=uniform, uniform=uniform)
    networks = {"discriminator": network, "generator": Generator(16, 1, width=2)}
    inputs = image_inputs(objective, networks, {"image": real}, moment, fake, fake)
    term = objective.discriminator_terms(inputs, {}, moment)["reconstruction"]
    seen = objective.augmented(real, "real", moment)
    assert torch.equal(seen, real) != augmented
    pairs = network.reconstructions(seen, uniform("real.reconstruction", (3, 2)))
    torch.testing.assert_close(term, sum((made - wanted).abs().mean() for made, wanted in pairs))
    term.backward()
    read = {name.split(".")[0] for name, weight in network.named_parameters() if weight.grad is not None}
    assert read == {"maps", "reconstruction"}
