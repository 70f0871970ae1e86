"""Translation between two domains without pairs: CycleGAN (Zhu et al. 2017, arXiv 1703.10593)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddle.bound import NonNegative, SizeOrNone, height_and_width
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.discriminator_inputs import DiscriminatorInputs
from saddle.game.networks import discriminator_of
from saddle.game.turn import Batch, DataSizes, Game, LabeledSamples, Moment, Networks, Played, Turn, check_weights
from saddle.layer.image_pool import ImagePool
from saddle.memory import too_much
from saddle.penalty.base import InputGradientPenalty, WeightConstraint

_COLUMNS = 10


@dataclass(frozen=True)
class Way:
    """One direction: `generator` turns images `reads` into images `makes`; `discriminator` tells those from real ones.

    All four are names, of images in a batch and of networks.
    """

    reads: str
    makes: str
    generator: str
    discriminator: str
    prefix: str
    """The beginning of the names of its terms."""


WAYS = (
    Way("source", "image", "generator", "discriminator", ""),  # the paper's G: X -> Y, with D_Y
    Way("image", "source", "inverse", "source_discriminator", "source_"),  # and F: Y -> X, with D_X
)


@dataclass(frozen=True)
class CycleGAN(Game):
    """Both discriminators' turn, then that of both generators, which minimize equation 3 and the identity loss.

    Each discriminator minimizes the `objective` (equation 1) with the fakes of its side; some of them come from a pool
    of `pool_size` earlier ones (section 4; 0: no pool). The cycle loss is equation 2, and the identity loss that of
    section 5.2. Each is the sum of both directions' mean absolute differences per pixel, for images in [-1, 1], as the
    authors' code takes the L1 norm. `weights` are of G's terms. The paper halves D's loss, which Adam would undo.
    `sizes` are those of both domains.
    Raises ValueError unless `weights` has exactly the terms adversarial, cycle and identity, for data that is not
    images, and for pools that do not fit into memory.
    """

    objective: AdversarialObjective
    sizes: DataSizes
    weights: Mapping[str, NonNegative] = field(
        default_factory=lambda: {"adversarial": 1.0, "cycle": 10.0, "identity": 5.0}
    )
    pool_size: SizeOrNone = 50
    pools: Mapping[str, ImagePool] = field(init=False, compare=False)
    """By the kind of images in them: image and source."""

    needs = ("generator", "inverse", "discriminator", "source_discriminator")
    measures = {
        "counterpart_error": "smaller",
        "unchanged_error": "smaller",
        "cycle_error": "smaller",
        "inverse_cycle_error": "smaller",
        "label_preservation": "larger",
    }
    averaged = ("generator", "inverse")
    reads = "source"
    plays = (InputGradientPenalty, WeightConstraint)

    def __post_init__(self) -> None:
        check_weights(self.weights, ("adversarial", "cycle", "identity"))
        channels, image_size = self.sizes.channels, self.sizes.image_size
        if image_size is None:
            raise ValueError("this game plays with images, and the data delivers points: use data=mnist_pair")
        if excess := too_much(2 * 4 * self.pool_size * channels * math.prod(height_and_width(image_size))):
            raise ValueError(f"pool_size={self.pool_size} needs {excess}: use less")
        pools = {}
        if self.pool_size:
            pools = {way.makes: ImagePool(self.pool_size, channels, image_size) for way in WAYS}
        object.__setattr__(self, "pools", pools)

    def turns(self) -> tuple[Turn, ...]:
        generators, discriminators = ("generator", "inverse"), ("discriminator", "source_discriminator")
        after = self.remember if self.state() else None
        return (
            Turn("discriminator", discriminators, self.discriminator_loss, 1, self.objective.constraints, after),
            Turn("generator", generators, self.generator_loss),
        )

    def period(self) -> int:
        return self.objective.period()

    def state(self) -> dict[str, nn.Module]:
        pools = {f"{kind}_pool": pool for kind, pool in self.pools.items()}
        return {**pools, **self.objective.state()}

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The losses of both discriminators; `observed` are the first one's logits, and what `remember` needs."""
        terms: dict[str, Tensor] = {}
        observed: dict[str, Tensor] = {}
        for way in WAYS:
            with torch.no_grad():
                fake = networks[way.generator](batch[way.reads])
            numbers = moment.uniform(f"{way.makes}_pool", (len(fake),))
            shown = self.pools[way.makes].drawn(fake, numbers) if self.pools else fake
            played = self.objective.discriminator_loss(self._inputs(way, networks, batch, shown, moment), moment)
            terms |= {f"{way.prefix}{name}": value for name, value in played.terms.items()}
            observed |= {f"{way.prefix}{name}": logits for name, logits in played.observed.items()}
            observed |= {f"{way.makes}_made": fake, f"{way.makes}_numbers": numbers}
        return Played(terms, observed)

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The loss of both generators; a term of weight 0 is left out."""
        fakes = {way.makes: networks[way.generator](batch[way.reads]) for way in WAYS}
        terms: dict[str, Tensor] = {}
        observed: dict[str, Tensor] = {}
        for way in WAYS:
            inputs = self._inputs(way, networks, batch, fakes[way.makes], moment)
            played = self.objective.generator_loss(inputs, moment, turn=moment.iteration)
            terms[f"{way.prefix}adversarial"] = self.weights["adversarial"] * played.terms["adversarial"]
            observed[f"{way.prefix}fake"] = played.observed["fake"]
        if self.weights["cycle"] > 0:  # there and back again
            differences = [_difference(batch[way.makes], networks[way.generator](fakes[way.reads])) for way in WAYS]
            terms["cycle"] = self.weights["cycle"] * (differences[0].mean() + differences[1].mean())
        if self.weights["identity"] > 0:  # an image of the target domain should stay as it is
            differences = [_difference(batch[way.makes], networks[way.generator](batch[way.makes])) for way in WAYS]
            terms["identity"] = self.weights["identity"] * (differences[0].mean() + differences[1].mean())
        return Played(terms, observed)

    def remember(self, observed: Mapping[str, Tensor]) -> None:
        """Put the generated images into the pools, and update augmentations by the first discriminator's logits."""
        for kind, pool in self.pools.items():
            pool.put(observed[f"{kind}_made"], observed[f"{kind}_numbers"])
        self.objective.observe(observed)

    def _inputs(self, way: Way, networks: Networks, batch: Batch, fake: Tensor, moment: Moment) -> DiscriminatorInputs:
        discriminator = discriminator_of(networks, way.discriminator)
        seen = self.objective.behind_augmentations(discriminator, moment)
        return DiscriminatorInputs(seen, batch[way.makes], fake, patches=discriminator.patches)

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """Mean absolute differences per pixel, black against white being 1.

        `cycle_error`: of sources from their translations translated back; `inverse_cycle_error`: likewise of images.
        Where the data knows the sources' true counterparts, also `counterpart_error`: of translations from these; and
        `unchanged_error`: of sources from these, the result of doing nothing.
        """
        source, image = batch["source"], batch["image"]
        translation, inverse = networks["generator"](source), networks["inverse"](image)
        differences: dict[str, Tensor] = {}
        if "counterpart" in batch:
            differences["counterpart_error"] = _difference(batch["counterpart"], translation)
            differences["unchanged_error"] = _difference(batch["counterpart"], source)
        differences["cycle_error"] = _difference(source, networks["inverse"](translation))
        differences["inverse_cycle_error"] = _difference(image, networks["generator"](inverse))
        return {name: values / 2 for name, values in differences.items()}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`translations`: rows of sources, their translations, these translated back, and counterparts if known."""
        source = batch["source"][:_COLUMNS]
        translation = networks["generator"](source)
        rows = [source, translation, networks["inverse"](translation)]
        if "counterpart" in batch:
            rows.append(batch["counterpart"][:_COLUMNS])
        return {"translations": torch.stack(rows)}

    def labeled_samples(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, LabeledSamples]:
        """`label_preservation`: a translation shows the class of its source, where that is known."""
        if "label" not in batch:
            return {}
        return {"label_preservation": LabeledSamples(networks["generator"](batch["source"]), batch["label"])}


def _difference(images: Tensor, generated: Tensor) -> Tensor:
    """The mean absolute difference per pixel, (N,); `generated` may have any precision, and the data's `images` not."""
    return (images - generated).abs().flatten(1).mean(1)
