import pytest
import torch
from torch import nn
from torch.nn.functional import log_softmax, softplus

from helpers import Points, fit, small_module
from saddle.architecture import base
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.auxiliary_classifier import AuxiliaryClassifier
from saddle.game.turn import DataSizes, Moment
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.feature_matching import FeatureMatching
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.r1 import R1

LATENT = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
SHARES = torch.linspace(0.1, 0.9, 6)
REAL = torch.randn(6, 1, 2, 2, generator=torch.Generator().manual_seed(3))
LABELS = torch.tensor([0, 9, 1, 1, 2, 5])
BATCH = {"image": REAL, "label": LABELS}
WEIGHTS = {"class_real": 2.0, "class_fake": 3.0, "class_generator": 5.0}


def moment(iteration: int = 0) -> Moment:
    """A latent of its own for the pictures, (10, 3)."""

    def noise(purpose, shape):
        assert purpose in ("latent", "classes")
        return LATENT if purpose == "latent" else torch.arange(30.0).view(10, 3) / 30

    return Moment(iteration, 0, noise, lambda purpose, shape: SHARES)


class Generator(base.Generator):
    """Three latent numbers to 2x2 images by one linear layer, and one number per class added to each pixel."""

    latent_dim, classes = 3, 10

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.shift = nn.Linear(3, 4), nn.Embedding(10, 4)

    def forward(self, latent, labels):
        return (self.linear(latent) + self.shift(labels)).view(-1, 1, 2, 2)


class Discriminator(base.Discriminator):
    """2x2 images to features tanh(A x), and to logits that are linear in these."""

    classes = 0

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(4, 5), nn.Linear(5, 1)

    @property
    def head(self):
        return self.last

    def forward(self, images):
        return self.head(self.layer(images.flatten(1)).tanh()).squeeze(1)


def made() -> dict[str, nn.Module]:
    torch.manual_seed(5)
    return {"generator": Generator(), "discriminator": Discriminator(), "classifier": nn.Linear(5, 10)}


@pytest.fixture
def networks():
    return made()


def sizes(classes: int) -> DataSizes:
    return DataSizes(channels=1, image_size=2, classes=classes)


def class_loss(networks, images):
    """-log P(label | image), its mean, by D's features."""
    features = networks["discriminator"].layer(images.flatten(1)).tanh()
    return -log_softmax(networks["classifier"](features), 1)[torch.arange(6), LABELS].mean()


def test_d_and_classifier_minimize_both_cross_entropies_beside_ds_loss(networks):
    penalties = {"r1": R1(1.0), "gp": GradientPenalty(1.0)}  # further passes of D, whose features do not count
    game = AuxiliaryClassifier(AdversarialObjective(NonSaturating(), penalties), sizes(10), weights=WEIGHTS)
    fake = networks["generator"](LATENT, LABELS).detach()
    played = game.discriminator_loss(networks, BATCH, moment())
    assert played.terms.keys() == {"adversarial", "r1", "gp", "class_real", "class_fake"}
    logits = networks["discriminator"]
    torch.testing.assert_close(played.terms["adversarial"], (softplus(-logits(REAL)) + softplus(logits(fake))).mean())
    torch.testing.assert_close(played.terms["class_real"], 2 * class_loss(networks, REAL))
    torch.testing.assert_close(played.terms["class_fake"], 3 * class_loss(networks, fake))
    torch.testing.assert_close(played.observed["fake"], logits(fake).detach())


def test_g_minimizes_its_own_cross_entropy_with_the_same_sign(networks):
    game = AuxiliaryClassifier(
        AdversarialObjective(NonSaturating(), {"match": FeatureMatching(1.0)}), sizes(10), weights=WEIGHTS
    )
    fake = networks["generator"](LATENT, LABELS)
    played = game.generator_loss(networks, BATCH, moment())
    assert played.terms.keys() == {"adversarial", "match", "class_generator"}
    torch.testing.assert_close(played.terms["adversarial"], softplus(-networks["discriminator"](fake)).mean())
    expected = 5 * class_loss(networks, fake)
    torch.testing.assert_close(played.terms["class_generator"], expected)
    given, by_hand = (
        torch.autograd.grad(value, networks["generator"].shift.weight)[0]
        for value in (played.terms["class_generator"], expected)
    )
    torch.testing.assert_close(given, by_hand)
    assert given[LABELS.unique()].abs().amin(1).min() > 0


def test_ds_own_layers_learn_classes_and_g_is_left_alone(networks):
    played = AuxiliaryClassifier(AdversarialObjective(NonSaturating()), sizes(10)).discriminator_loss(
        networks, BATCH, moment()
    )
    (played.terms["class_real"] + played.terms["class_fake"]).backward()
    assert networks["discriminator"].layer.weight.grad.abs().sum() > 0
    assert networks["classifier"].weight.grad.abs().sum() > 0
    assert networks["discriminator"].head.weight.grad is None
    assert all(parameter.grad is None for parameter in networks["generator"].parameters())


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_weight_of_zero_is_an_ablation(networks, name):
    game = AuxiliaryClassifier(AdversarialObjective(NonSaturating()), sizes(10), weights={**WEIGHTS, name: 0.0})
    play = game.generator_loss if name == "class_generator" else game.discriminator_loss
    terms = play(networks, BATCH, moment()).terms
    assert terms[name] == 0
    assert [other for other, value in terms.items() if value == 0] == [name]


def test_each_turn_changes_its_own_networks():
    def game():
        return AuxiliaryClassifier(AdversarialObjective(NonSaturating(), {"r1": R1(0.1)}), sizes(10), n_critic=2)

    module = small_module(game(), networks=made())
    before = {name: value.clone() for name, value in module.state_dict().items()}

    def changed(module):
        now = module.state_dict()
        return {name.split(".")[0] for name, value in before.items() if not torch.equal(now[name], value)}

    fit(module, Points(), 1)
    assert changed(module) == {"discriminator", "classifier"}
    module = small_module(game(), networks=made())
    fit(module, Points(), 5)
    assert changed(module) == {"discriminator", "classifier", "generator"}
    assert module.clock.updates == {"discriminator": 5, "generator": 2}


def test_what_it_decides_and_what_it_refuses():
    decided = AuxiliaryClassifier(AdversarialObjective(NonSaturating()), sizes(7)).decides()
    assert decided["generator"]["conditional"] is True
    assert decided["discriminator"] == {"conditional": False}
    assert decided["classifier"] == {"outputs": 7}
    with pytest.raises(ValueError, match=r"learns from labels, but data\.classes=0"):
        AuxiliaryClassifier(AdversarialObjective(NonSaturating()), sizes(0))
    with pytest.raises(ValueError, match=r"weights\.class_fake is missing"):
        AuxiliaryClassifier(
            AdversarialObjective(NonSaturating()), sizes(10), weights={"class_real": 1.0, "class_generator": 1.0}
        )


def test_class_accuracy_is_what_the_classifier_reads_in_real_images(networks):
    game = AuxiliaryClassifier(AdversarialObjective(NonSaturating()), sizes(10))
    read = networks["classifier"](networks["discriminator"].layer(REAL.flatten(1)).tanh()).argmax(1)
    batch = {"image": REAL, "label": torch.where(torch.arange(6) < 4, read, (read + 1) % 10)}
    assert game.metrics(networks, batch, moment())["class_accuracy"].tolist() == [1, 1, 1, 1, 0, 0]


def test_images_as_asked_and_a_picture_of_classes_by_latents(networks):
    game = AuxiliaryClassifier(AdversarialObjective(NonSaturating()), sizes(10))
    claim = game.labeled_samples(networks, BATCH, moment())["as_asked"]
    torch.testing.assert_close(claim.images, networks["generator"](LATENT, LABELS))
    assert claim.classes.equal(LABELS)
    assert claim.named
    picture = game.pictures(networks, BATCH, moment())["classes"]
    assert picture.shape == (10, 10, 1, 2, 2)
    latent = moment().noise("classes", (10, 3))
    torch.testing.assert_close(picture[3], networks["generator"](latent, torch.full((10,), 3)))
    few = AuxiliaryClassifier(AdversarialObjective(NonSaturating()), sizes(4)).pictures(networks, BATCH, moment())[
        "classes"
    ]
    torch.testing.assert_close(few, picture[:4])
    asked = []
    networks["generator"].forward = lambda latent, labels: (asked.append(labels), torch.zeros(len(latent), 1, 2, 2))[1]
    AuxiliaryClassifier(AdversarialObjective(NonSaturating()), sizes(100)).pictures(networks, BATCH, moment())
    assert asked[0].view(10, 10)[:, 0].tolist() == list(range(0, 100, 10))
