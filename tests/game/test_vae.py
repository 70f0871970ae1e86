import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from helpers import Points, finite_differences, fit, small_module
from saddle.architecture import base
from saddle.game.turn import Moment
from saddle.game.vae import VAE

IMAGES = torch.rand(6, 1, 2, 2, generator=torch.Generator().manual_seed(3)).double() * 2 - 1
NOISE = torch.randn(6, 3, generator=torch.Generator().manual_seed(2)).double()
EXACTLY = {"rtol": 1e-12, "atol": 1e-12}


class Encoder(base.Encoder):
    """2x2 images to means and log variances of three numbers by one linear layer."""

    latent_dim, classes, gaussian = 3, 0, True

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 6)

    def forward(self, images):
        return self.linear(images.flatten(1))


class Decoder(base.Generator):
    """Three latent numbers to 2x2 images by one linear layer and tanh."""

    latent_dim, classes = 3, 0

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)

    def forward(self, latent, activated=True):
        images = self.linear(latent).view(-1, 1, 2, 2)
        return images.tanh() if activated else images


def moment(noise=NOISE) -> Moment:
    def normal(purpose, shape):
        assert (purpose, shape) == ("posterior", tuple(noise.shape))
        return noise

    return Moment(0, 0, normal, normal)


@pytest.fixture
def networks():
    return {"generator": Decoder().double(), "encoder": Encoder().double()}


def by_hand(networks, likelihood: str, std: float = 0.2):
    """-log p(x|z) and the divergence, (6,) each, by torch's distributions."""
    mean, log_variance = networks["encoder"].linear(IMAGES.flatten(1)).split(3, dim=1)
    spread = (log_variance / 2).exp()
    made = networks["generator"].linear(mean + spread * NOISE).tanh()
    x = IMAGES.flatten(1)
    if likelihood == "gaussian":
        nll = -Normal(made, std).log_prob(x).sum(1)
    else:
        light, level = (made + 1) / 2, (x + 1) / 2  # probabilities and gray levels in [0, 1]
        nll = -(level * light.log() + (1 - level) * (1 - light).log()).sum(1)
    return nll, kl_divergence(Normal(mean, spread), Normal(0.0, 1.0)).sum(1)


@pytest.mark.parametrize(
    "settings", [{"likelihood": "bernoulli"}, {"likelihood": "gaussian"}, {"likelihood": "gaussian", "std": 0.7}]
)
def test_terms_and_metrics_are_the_hand_computed_ones(networks, settings):
    nll, kl = by_hand(networks, **settings)
    game = VAE(**settings, weights={"reconstruction": 0.5, "kl": 3.0})
    terms = game.loss(networks, {"image": IMAGES}, moment()).terms
    assert terms.keys() == {"reconstruction", "kl"}
    torch.testing.assert_close(terms["reconstruction"], 0.5 * nll.mean(), **EXACTLY)
    torch.testing.assert_close(terms["kl"], 3 * kl.mean(), **EXACTLY)
    metrics = game.metrics(networks, {"image": IMAGES}, moment())  # weights are of the training alone
    torch.testing.assert_close(metrics["elbo"], -(nll + kl), **EXACTLY)
    mean = networks["encoder"].linear(IMAGES.flatten(1))[:, :3]
    made = networks["generator"].linear(mean).tanh()
    torch.testing.assert_close(metrics["reconstruction_error"], ((IMAGES.flatten(1) - made) / 2).square().mean(1))


def test_pixels_of_black_and_white_have_finite_log_likelihoods_however_sure_the_decoder(networks):
    images = torch.tensor([-1.0, 1.0]).double().view(2, 1, 1, 1).expand(2, 1, 2, 2)
    nn.init.zeros_(networks["generator"].linear.weight)
    nn.init.constant_(networks["generator"].linear.bias, -100.0)
    nll, _ = VAE().bound(networks, {"image": images}, moment(NOISE[:2]))
    assert nll.tolist() == pytest.approx([0.0, 4 * 200.0])  # p = sigmoid(-200) in each of four pixels


def test_both_networks_get_the_gradients_of_the_drawn_bound(networks):
    game = VAE()
    loss = sum(game.loss(networks, {"image": IMAGES}, moment()).terms.values())
    for name in ("encoder", "generator"):
        weight = networks[name].linear.weight
        (gradient,) = torch.autograd.grad(loss, weight, retain_graph=True)

        def at(value, name=name):
            with torch.no_grad():
                networks[name].linear.weight.copy_(value)
                return sum(game.loss(networks, {"image": IMAGES}, moment()).terms.values())

        torch.testing.assert_close(gradient, finite_differences(at, weight.detach().clone()), rtol=1e-6, atol=1e-6)


class PPCA:
    """Probabilistic PCA (Tipping & Bishop 1999): x = W z + b + std * noise, with W'W diagonal, whose posterior is a
    Gaussian with a diagonal covariance, so that the encoder can be exact and the bound an equality.
    """

    std = 0.5

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(5)
        basis, _ = torch.linalg.qr(torch.randn(4, 3, generator=generator).double())
        self.weight = basis * torch.tensor([1.5, 0.7, 0.2]).double()
        self.bias = torch.randn(4, generator=generator).double()
        self.image = torch.randn(4, generator=generator).double()
        precision = self.weight.square().sum(0) / self.std**2 + 1  # of the posterior
        self.spread = precision.rsqrt()
        self.mean = (self.image - self.bias) @ self.weight / self.std**2 / precision

    def networks(self, offset: float = 0.0, factor: float = 1.0):
        """The decoder, and an encoder that says `offset` more than the posterior's mean, `factor` times its spread."""
        decoder, encoder = Decoder().double(), Encoder().double()
        decoder.forward = lambda latent: decoder.linear(latent).view(-1, 1, 2, 2)
        with torch.no_grad():
            decoder.linear.weight.copy_(self.weight)
            decoder.linear.bias.copy_(self.bias)
            encoder.linear.weight.zero_()
            encoder.linear.bias.copy_(torch.cat([self.mean + offset, 2 * (factor * self.spread).log()]))
        return {"generator": decoder, "encoder": encoder}

    def log_likelihood(self) -> float:
        covariance = self.weight @ self.weight.T + self.std**2 * torch.eye(4).double()
        return MultivariateNormal(self.bias, covariance).log_prob(self.image).item()

    def deviation(self) -> float:
        """The standard deviation of one draw of log p(x|z) under the exact posterior: with r = x - b - W m and z = m +
        S e it is that of (r'WSe - e'S W'W S e / 2) / std^2, a linear and a quadratic form of normal numbers.
        """
        rest = self.image - self.bias - self.weight @ self.mean
        linear = (self.spread * (rest @ self.weight)).square().sum()
        quadratic = (self.spread.square() * self.weight.square().sum(0)).square().sum() / 2
        return ((linear + quadratic).sqrt() / self.std**2).item()


def elbo(model: PPCA, draws: int, **wrong: float) -> torch.Tensor:
    batch = {"image": model.image.view(1, 1, 2, 2).expand(draws, 1, 2, 2)}
    noise = torch.randn(draws, 3, generator=torch.Generator().manual_seed(6)).double()
    return VAE("gaussian", std=model.std).metrics(model.networks(**wrong), batch, moment(noise))["elbo"]


def test_the_bound_is_the_likelihood_where_the_encoder_is_exact():
    model, draws = PPCA(), 200_000
    values, deviation = elbo(model, draws), model.deviation()
    assert values.std().item() == pytest.approx(deviation, rel=0.01)
    assert values.mean().item() == pytest.approx(model.log_likelihood(), abs=4 * deviation / draws**0.5)
    assert 4 * deviation / draws**0.5 < 0.02  # nats


@pytest.mark.parametrize("wrong", [{"offset": 0.3}, {"factor": 2.0}, {"offset": -0.1, "factor": 0.5}])
def test_elsewhere_it_is_lower_by_the_divergence_from_the_posterior(wrong):
    model, draws = PPCA(), 200_000
    values = elbo(model, draws, **wrong)
    exact = Normal(model.mean, model.spread)
    said = Normal(model.mean + wrong.get("offset", 0.0), model.spread * wrong.get("factor", 1.0))
    gap = kl_divergence(said, exact).sum().item()
    error = 4 * values.std().item() / draws**0.5
    assert values.mean().item() == pytest.approx(model.log_likelihood() - gap, abs=error)
    assert error < 0.1 * gap


def test_one_turn_trains_both_networks_once_per_iteration():
    networks = {"generator": Decoder(), "encoder": Encoder()}
    module = small_module(VAE(), networks=networks)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    fit(module, Points(), 5)
    assert (module.clock.iteration, dict(module.clock.updates)) == (5, {"generator": 5})
    after = module.state_dict()
    assert before.keys() == {f"{n}.linear.{p}" for n in networks for p in ("weight", "bias")}
    assert [name for name, value in before.items() if torch.equal(value, after[name].to(value))] == []
    (turn,) = VAE().turns()
    assert (turn.name, turn.trains, turn.every) == ("generator", ("encoder", "generator"), 1)


def test_a_weight_of_zero_leaves_the_other_term_alone(networks):
    weight = networks["encoder"].linear.weight
    for off, left in zip(("kl", "reconstruction"), by_hand(networks, "bernoulli"), strict=True):
        weights = {"reconstruction": 1.0, "kl": 1.0} | {off: 0.0}
        terms = VAE(weights=weights).loss(networks, {"image": IMAGES}, moment()).terms
        assert terms[off].item() == 0.0
        (gradient,) = torch.autograd.grad(sum(terms.values()), weight)
        (expected,) = torch.autograd.grad(left.mean(), weight, retain_graph=True)
        torch.testing.assert_close(gradient, expected)
        assert expected.abs().sum() > 0


class Told(Decoder):
    """A decoder that is told labels, whose images are those of its layer for a latent times one more than the label."""

    classes = 10

    def forward(self, latent, labels, activated=True):
        return super().forward(latent * (labels + 1).view(-1, 1), activated)


def test_a_conditional_generator_is_told_the_labels_everywhere():
    told, plain, encoder = Told().double(), Decoder().double(), Encoder().double()
    plain.load_state_dict(told.state_dict())
    batch = {"image": IMAGES, "label": torch.full((6,), 2)}
    with torch.no_grad():
        plain.linear.weight.mul_(3)  # what a label of 2 amounts to
    for likelihood in ("bernoulli", "gaussian"):
        game = VAE(likelihood)
        seen, expected = (
            [
                *game.bound({"generator": generator, "encoder": encoder}, batch, moment()),
                *game.metrics({"generator": generator, "encoder": encoder}, batch, moment()).values(),
                *game.pictures({"generator": generator, "encoder": encoder}, batch, moment()).values(),
            ]
            for generator in (told, plain)
        )
        torch.testing.assert_close(seen, expected, **EXACTLY)


def test_the_picture_shows_images_above_their_decoded_means(networks):
    images = torch.rand(45, 1, 2, 2).double() * 2 - 1
    shown = VAE().pictures(networks, {"image": images}, moment())["reconstructions"]
    assert shown.shape == (8, 10, 1, 2, 2)
    mean = networks["encoder"].linear(images.flatten(1))[:, :3]
    made = networks["generator"].linear(mean).tanh().view(-1, 1, 2, 2)
    assert torch.equal(shown[0::2].flatten(0, 1), images[:40])
    torch.testing.assert_close(shown[1::2].flatten(0, 1), made[:40])


class HalvedEncoder(Encoder):
    """Its layer computes in bfloat16, as under autocast."""

    def forward(self, images):
        return super().forward(images.bfloat16())


class HalvedDecoder(Decoder):
    """Its layer computes in bfloat16, as under autocast."""

    def forward(self, latent, activated=True):
        return super().forward(latent.bfloat16(), activated)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_half_precision_ends_where_sums_begin(likelihood):
    halved = {"generator": HalvedDecoder().bfloat16(), "encoder": HalvedEncoder().bfloat16()}
    for value in VAE(likelihood).bound(halved, {"image": IMAGES.float()}, moment(NOISE.float())):
        assert value.dtype == torch.float32


def test_what_is_not_read_or_missing_is_refused():
    with pytest.raises(ValueError, match=r"weights.kl is missing"):
        VAE(weights={"reconstruction": 1.0})
    with pytest.raises(ValueError, match=r"weights.beta: there is no such term"):
        VAE(weights={"reconstruction": 1.0, "kl": 1.0, "beta": 4.0})
    with pytest.raises(ValueError, match=r"std=0.3 is read by likelihood=gaussian alone"):
        VAE(std=0.3)
    assert VAE("gaussian", std=0.3).std == 0.3
    assert VAE().decides() == {"encoder": {"gaussian": True}}
    assert VAE().averaged == ("generator", "encoder")
