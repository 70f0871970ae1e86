"""InfoGAN (Chen et al. 2016, arXiv 1606.03657): some of G's latent numbers are a code that its images must tell."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from saddle.augmentation.base import Augmentation
from saddle.bound import NonNegative, Positive, SizeOrNone
from saddle.game.adversarial_objective import AdversarialObjective, Penalty, generated, image_inputs
from saddle.game.discriminator_inputs import recording
from saddle.game.encoding import precise
from saddle.game.turn import Batch, Game, LabeledSamples, Moment, Networks, Played, Turn, check_weights, given, input_of
from saddle.layer.code import category_of, values_of, with_category, with_values
from saddle.loss.base import Loss
from saddle.penalty.base import InputGradientPenalty, Term

_COLUMNS = 10


@dataclass(frozen=True)
class InfoGAN(Game):
    """The adversarial game, in which both turns also maximize the information that images have on their code.

    The code c (`saddle.layer.code`) is one of `categories` and `continuous` numbers. Q, the network `recognition`,
    reads D's features of G(z, c). L_I = E[log Q(c|x)] + H(c) is a lower bound of I(c; G(z, c)) (equation 5), and
    -L_I times a weight joins both losses (equation 6). As in the authors' code (openai/InfoGAN), D's turn trains Q and
    all of D on it, the layers that Q shares with D included; G's turn trains G alone. H(c) is constant and left out.
    Q's part for the continuous numbers is a Gaussian with standard deviation `std`, as in the code's runs on MNIST
    (there 1), or if that is None one that Q tells, image by image (appendix C).
    Raises ValueError without a code, or unless `weights` (lambda) has exactly the terms categorical and continuous.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)
    categories: SizeOrNone = 10
    continuous: SizeOrNone = 2
    std: Positive | None = None
    weights: Mapping[str, NonNegative] = field(default_factory=lambda: {"categorical": 1.0, "continuous": 0.1})

    needs = ("generator", "discriminator", "recognition")
    measures = ("information", "information_continuous", "code_agreement")
    plays = (InputGradientPenalty, Term)  # a constraint would hold of Q's weights, too

    def __post_init__(self) -> None:
        check_weights(self.weights, ("categorical", "continuous"))
        if not self.categories + self.continuous:
            raise ValueError("categories=0 and continuous=0 leave no code: use game=adversarial, or one of the two")
        if self.std is not None and not self.continuous:
            raise ValueError(f"std={self.std} is read with continuous numbers alone: use null, or continuous=2")

    @property
    def objective(self) -> AdversarialObjective:
        return AdversarialObjective(self.loss, self.penalties, self.augmentations)

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        told = self.continuous * (2 if self.std is None else 1)
        code = {"categories": self.categories, "continuous": self.continuous}
        return {"generator": code, "recognition": {"outputs": self.categories + told}}

    def turns(self) -> tuple[Turn, ...]:
        after = self.objective.observe if self.state() else None
        return (
            Turn("discriminator", ("discriminator", "recognition"), self.discriminator_loss, after=after),
            Turn("generator", ("generator",), self.generator_loss),
        )

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """D's loss and -L_I on fresh generated images."""
        with torch.no_grad():
            latent, fake = generated(networks["generator"], batch, moment)
        scene = image_inputs(self.objective, networks, batch, moment, latent, fake)
        scene, features = recording(scene, networks["discriminator"].head)
        played = self.objective.discriminator_loss(scene, moment)
        return self._informed(played, networks["recognition"], features, latent)

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """G's loss and -L_I; the weights of D and Q are read, not trained."""
        latent, fake = generated(networks["generator"], batch, moment)
        scene = image_inputs(self.objective, networks, batch, moment, latent, fake)
        scene, features = recording(scene, networks["discriminator"].head)
        played = self.objective.generator_loss(scene, moment, moment.iteration)
        return self._informed(played, networks["recognition"], features, latent)

    def _informed(
        self, played: Played, recognition: nn.Module, features: Mapping[str, Tensor], latent: Tensor
    ) -> Played:
        surprise = self.surprise(recognition(features["fake"]), latent)
        terms = {name: self.weights[name] * values.mean() for name, values in surprise.items()}
        return Played({**played.terms, **terms}, played.observed)

    def surprise(self, told: Tensor, latent: Tensor) -> dict[str, Tensor]:
        """-log Q(c|x) in nats, (N,), of the code of `latent`, by part; `told` (N, outputs) is what Q says of x."""
        logits, mean, log_variance = self._parts(told)
        found = {}
        if self.categories:
            found["categorical"] = cross_entropy(logits, self._category(latent), reduction="none")
        if self.continuous:
            squares = (values_of(latent, self.continuous) - mean).square() * torch.exp(-log_variance)
            found["continuous"] = (squares + log_variance + math.log(2 * math.pi)).sum(1) / 2
        return found

    def _parts(self, told: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (N, categories), and means and log variances, (N, continuous) each."""
        told = precise(told)
        logits, rest = told[:, : self.categories], told[:, self.categories :]
        if self.std is not None:
            return logits, rest, torch.full_like(rest, 2 * math.log(self.std))
        mean, log_variance = rest.chunk(2, dim=1)
        return logits, mean, log_variance

    def _category(self, latent: Tensor) -> Tensor:
        return category_of(latent, self.categories, self.continuous)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """L_I in nats on generated images, by part: `information` of the category, at most log(categories), and
        `information_continuous`, for which the Gaussian around Q's mean has the variance that it has on these images.
        """
        latent, fake = generated(networks["generator"], batch, moment)
        network = networks["discriminator"]
        told = networks["recognition"](input_of(network.head, lambda: given(network, batch)(fake)))
        found = {}
        if self.categories:
            found["information"] = math.log(self.categories) - self.surprise(told, latent)["categorical"]
        if self.continuous:
            squares = (values_of(latent, self.continuous) - self._parts(told)[1]).square()
            variance = squares.mean(0)
            surprise = (squares / variance + torch.log(2 * math.pi * variance)).sum(1) / 2
            found["information_continuous"] = self.continuous * math.log(2) - surprise
        return found

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`codes`: a row per category, a column per noise; `codes_1` and so on: one noise, the first continuous number
        from -1 to 1 over the columns, the others 0. Without categories each row is of another noise.
        """
        noise = moment.noise("codes", (self.categories or _COLUMNS, networks["generator"].latent_dim))
        found = {}
        if self.categories:
            columns = moment.noise("columns", (_COLUMNS, noise.shape[1]))
            found["codes"] = self._rows(networks, batch, columns.repeat(self.categories, 1))
            noise = noise[:1].expand_as(noise)
        for number in range(self.continuous):
            values = noise.new_zeros(_COLUMNS, self.continuous)
            values[:, number] = torch.linspace(-1, 1, _COLUMNS)
            latent = with_values(noise.repeat_interleave(_COLUMNS, 0), values.repeat(len(noise), 1))
            found[f"codes_{number + 1}"] = self._rows(networks, batch, latent)
        return found

    def _rows(self, networks: Networks, batch: Batch, latent: Tensor) -> Tensor:
        """Images (rows, 10, C, H, W) of a latent (rows * 10, latent_dim), each row of its category if there are any."""
        if self.categories:
            category = torch.arange(self.categories, device=latent.device).repeat_interleave(_COLUMNS)
            latent = with_category(latent, category, self.categories, self.continuous)
        same = {name: values[:1].expand(len(latent)) for name, values in batch.items() if name == "label"}
        return given(networks["generator"], same)(latent).unflatten(0, (-1, _COLUMNS))

    def labeled_samples(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, LabeledSamples]:
        """`code_agreement`: whether each category is one class, found without labels. Not of a G that is told them."""
        if not self.categories or networks["generator"].classes:
            return {}
        latent, fake = generated(networks["generator"], batch, moment)
        return {"code_agreement": LabeledSamples(fake, self._category(latent), named=False)}
