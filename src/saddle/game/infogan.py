"""InfoGAN (Chen et al. 2016, arXiv 1606.03657): some of G's latent numbers are a code that its images must show."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from saddle.bound import NonNegative, Positive, SizeOrNone
from saddle.game.adversarial_objective import AdversarialObjective, generated, image_inputs
from saddle.game.discriminator_inputs import recording_features
from saddle.game.encoding import precise
from saddle.game.networks import discriminator_of, generator_of, input_to, with_labels
from saddle.game.turn import Batch, Game, LabeledSamples, Moment, Networks, Played, Turn, check_weights
from saddle.layer.code import category_of, values_of, with_category, with_values
from saddle.penalty.base import InputGradientPenalty, Term

_COLUMNS = 10


@dataclass(frozen=True)
class InfoGAN(Game):
    """The adversarial game in which both turns also maximize the information about the code in the images.

    The code c (`saddle.layer.code`) is one of `categories` and `continuous` numbers. Q, the network `recognition`,
    reads D's features of G(z, c). L_I = E[log Q(c|x)] + H(c) is a lower bound of I(c; G(z, c)) (equation 5), and
    -L_I times a weight joins both losses (equation 6). As in the authors' code (openai/InfoGAN), D's turn trains Q and
    all of D on it, including the layers that Q shares with D; G's turn trains only G. H(c) is constant and left out.
    For the continuous numbers Q is a Gaussian. Its standard deviation is `std`, as in the code's runs on MNIST (there
    1), or an output of Q for each image if `std` is None (appendix C).
    Raises ValueError without a code, or unless `weights` (lambda) has exactly the terms categorical and continuous.
    """

    objective: AdversarialObjective
    categories: SizeOrNone = 10
    continuous: SizeOrNone = 2
    std: Positive | None = None
    weights: Mapping[str, NonNegative] = field(default_factory=lambda: {"categorical": 1.0, "continuous": 0.1})

    needs = ("generator", "discriminator", "recognition")
    measures = {"information": "larger", "information_continuous": "larger", "code_agreement": "larger"}
    plays = (InputGradientPenalty, Term)  # a constraint would also hold of Q's weights

    def __post_init__(self) -> None:
        check_weights(self.weights, ("categorical", "continuous"))
        if not self.categories + self.continuous:
            raise ValueError("categories=0 and continuous=0 leave no code: use game=adversarial, or one of the two")
        if self.std is not None and not self.continuous:
            raise ValueError(f"std={self.std} is read with continuous numbers alone: use null, or continuous=2")

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        per_number = 2 if self.std is None else 1  # mean and log variance, or the mean alone
        outputs = self.categories + self.continuous * per_number
        code = {"categories": self.categories, "continuous": self.continuous}
        return {"generator": code, "recognition": {"outputs": outputs}}

    def turns(self) -> tuple[Turn, ...]:
        trained, after = ("discriminator", "recognition"), self.objective.after_step
        return (
            Turn("discriminator", trained, self.discriminator_loss, after=after),
            Turn("generator", ("generator",), self.generator_loss),
        )

    def period(self) -> int:
        return self.objective.period()

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """D's loss and -L_I on fresh generated images."""
        with torch.no_grad():
            latent, fake = generated(networks, batch, moment)
        inputs = image_inputs(self.objective, networks, batch, moment, latent, fake)
        inputs, features = recording_features(inputs, discriminator_of(networks).head)
        played = self.objective.discriminator_loss(inputs, moment)
        information = self._information_terms(networks["recognition"](features["fake"]), latent)
        return Played({**played.terms, **information}, played.observed)

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """G's loss and -L_I; the weights of D and Q are not trained here."""
        latent, fake = generated(networks, batch, moment)
        inputs = image_inputs(self.objective, networks, batch, moment, latent, fake)
        inputs, features = recording_features(inputs, discriminator_of(networks).head)
        played = self.objective.generator_loss(inputs, moment, turn=moment.iteration)
        information = self._information_terms(networks["recognition"](features["fake"]), latent)
        return Played({**played.terms, **information}, played.observed)

    def _information_terms(self, outputs: Tensor, latent: Tensor) -> dict[str, Tensor]:
        """-L_I but for H(c), weighted scalars by part of the code."""
        nll = self.negative_log_likelihood(outputs, latent)
        return {name: self.weights[name] * values.mean() for name, values in nll.items()}

    def negative_log_likelihood(self, outputs: Tensor, latent: Tensor) -> dict[str, Tensor]:
        """-log Q(c|x) in nats, (N,), by part of the code in `latent`; `outputs` (N, outputs) are those of Q for x."""
        logits, mean, log_variance = self._parts(outputs)
        nll = {}
        if self.categories:
            nll["categorical"] = cross_entropy(logits, self._category(latent), reduction="none")
        if self.continuous:
            squares = (values_of(latent, self.continuous) - mean).square() * torch.exp(-log_variance)
            nll["continuous"] = (squares + log_variance + math.log(2 * math.pi)).sum(1) / 2
        return nll

    def _parts(self, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (N, categories), and means and log variances, (N, continuous) each."""
        outputs = precise(outputs)
        logits, rest = outputs[:, : self.categories], outputs[:, self.categories :]
        if self.std is not None:
            return logits, rest, torch.full_like(rest, 2 * math.log(self.std))
        mean, log_variance = rest.chunk(2, dim=1)
        return logits, mean, log_variance

    def _category(self, latent: Tensor) -> Tensor:
        return category_of(latent, self.categories, self.continuous)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """L_I in nats on generated images, by part: `information` of the category, at most log(categories), and
        `information_continuous`, where the Gaussian around Q's mean has the variance of its errors on these images.
        """
        latent, fake = generated(networks, batch, moment)
        discriminator = discriminator_of(networks)
        features = input_to(discriminator.head, lambda: with_labels(discriminator, batch)(fake))
        outputs = networks["recognition"](features)
        information = {}
        if self.categories:
            nll = self.negative_log_likelihood(outputs, latent)["categorical"]
            information["information"] = math.log(self.categories) - nll
        if self.continuous:
            squares = (values_of(latent, self.continuous) - self._parts(outputs)[1]).square()
            variance = squares.mean(0)
            nll = (squares / variance + torch.log(2 * math.pi * variance)).sum(1) / 2
            information["information_continuous"] = self.continuous * math.log(2) - nll
        return information

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`codes`: a row per category, a column per noise; `codes_1` and so on: one noise, the first continuous number
        from -1 to 1 over the columns, the others 0. Without categories each row is of another noise.
        """
        noise = moment.noise("codes", (self.categories or _COLUMNS, generator_of(networks).latent_dim))
        grids = {}
        if self.categories:
            columns = moment.noise("columns", (_COLUMNS, noise.shape[1]))
            grids["codes"] = self._rows(networks, batch, columns.repeat(self.categories, 1))
            noise = noise[:1].expand_as(noise)
        for number in range(self.continuous):
            values = noise.new_zeros(_COLUMNS, self.continuous)
            values[:, number] = torch.linspace(-1, 1, _COLUMNS)
            latent = with_values(noise.repeat_interleave(_COLUMNS, 0), values.repeat(len(noise), 1))
            grids[f"codes_{number + 1}"] = self._rows(networks, batch, latent)
        return grids

    def _rows(self, networks: Networks, batch: Batch, latent: Tensor) -> Tensor:
        """Images (rows, 10, C, H, W) of a latent (rows * 10, latent_dim); with categories, each row shows its own."""
        if self.categories:
            category = torch.arange(self.categories, device=latent.device).repeat_interleave(_COLUMNS)
            latent = with_category(latent, category, self.categories, self.continuous)
        labels = {"label": batch["label"][:1].expand(len(latent))} if "label" in batch else {}
        return with_labels(generator_of(networks), labels)(latent).unflatten(0, (-1, _COLUMNS))

    def labeled_samples(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, LabeledSamples]:
        """`code_agreement`: whether each category is one class, found without labels; empty for a conditional G."""
        if not self.categories or generator_of(networks).classes:
            return {}
        latent, fake = generated(networks, batch, moment)
        return {"code_agreement": LabeledSamples(fake, self._category(latent), named=False)}
