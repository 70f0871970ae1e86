"""What docs/augmentation.md says of penalties and augmentations is what the code does."""

import pytest
import torch

from helpers import REPOSITORY
from saddle.architecture import base
from saddle.augmentation.base import Augmentation
from saddle.game.adversarial_objective import AdversarialObjective, image_inputs
from saddle.game.discriminator_inputs import logits_and_input_gradients
from saddle.game.turn import Moment
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.balanced_consistency import BalancedConsistency
from saddle.penalty.dragan import Dragan
from saddle.penalty.feature_matching import FeatureMatching
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.latent_consistency import LatentConsistency
from saddle.penalty.mean_matching import MeanMatching
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2

BATCH = {"image": torch.rand(6, 1, 4, 4, dtype=torch.float64)}
FAKE = torch.rand(6, 1, 4, 4, dtype=torch.float64)
SAID = {
    "R1 and R2 take D's gradient with respect to the unchanged images",
    "the gradient penalties with respect to points between or around them",
    "Feature matching, both consistency terms",
    "see changed images, as D does. Mean matching compares unchanged images.",
}


class Tripled(Augmentation):
    """Each image times three, and a note of that."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def forward(self, images, uniform):
        self.seen.append(images)
        return 3 * images


class Linear(base.Discriminator):
    """The inner product of an image with fixed weights."""

    features = 16

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(16, 1, bias=False).double()

    @property
    def head(self):
        return self.linear

    def forward(self, images):
        return self.linear(images.flatten(1)).squeeze(1)


class Same(base.Generator):
    """A latent (N, 16) as an image."""

    latent_dim = 16

    def forward(self, latent):
        return latent.view(-1, 1, 4, 4)


def uniform(purpose: str, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.full(shape, 0.25, dtype=torch.float64)


MOMENT = Moment(0, 0, lambda purpose, shape: torch.ones(shape, dtype=torch.float64), uniform)


def inputs_of(augmentation: Augmentation, network: Linear):
    objective = AdversarialObjective(NonSaturating(), {}, {"tripled": augmentation})
    networks = {"discriminator": network, "generator": Same()}
    return image_inputs(objective, networks, BATCH, MOMENT, FAKE.flatten(1), FAKE)


def test_the_page_says_so():
    page = " ".join((REPOSITORY / "docs" / "augmentation.md").read_text(encoding="utf-8").split())
    for sentence in SAID:
        assert sentence in page


@pytest.mark.parametrize(
    "penalty", [R1(1.0), R2(1.0), GradientPenalty(1.0), Dragan(1.0)], ids=lambda p: type(p).__name__
)
def test_gradients_are_by_the_unchanged_images(penalty):
    augmentation, network = Tripled(), Linear()
    _, gradients = logits_and_input_gradients(inputs_of(augmentation, network), {"penalty": penalty}, MOMENT)
    expected = 3 * network.linear.weight.view(1, 1, 4, 4).expand(6, 1, 4, 4)  # by changed images it would be a third
    torch.testing.assert_close(gradients["penalty"], expected)


@pytest.mark.parametrize(
    ("term", "function", "sees"),
    [
        (FeatureMatching(1.0), "generator", True),
        (BalancedConsistency(1.0), "discriminator", True),
        (LatentConsistency(1.0), "discriminator", True),
        (MeanMatching(1.0), "generator", False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_terms_see_changed_images(term, function, sees):
    augmentation, network = Tripled(), Linear()
    inputs = inputs_of(augmentation, network)
    logits = {kind: inputs.logits(kind, images) for kind, images in (("real", inputs.real), ("fake", inputs.fake))}
    augmentation.seen.clear()
    value = getattr(term, function)(inputs.term_inputs(logits))
    assert value.dim() == 0
    assert bool(augmentation.seen) == sees
