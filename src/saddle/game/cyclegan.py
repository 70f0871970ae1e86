"""Translation between two domains without pairs: CycleGAN (Zhu et al. 2017, arXiv 1703.10593)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddle.augmentation.base import Augmentation
from saddle.bound import NonNegative, Side, Size, SizeOrNone
from saddle.game.adversarial_objective import AdversarialObjective, Penalty
from saddle.game.discriminator_inputs import DiscriminatorInputs
from saddle.game.turn import Batch, Game, LabeledSamples, Moment, Networks, Played, Turn, check_weights
from saddle.layer.image_pool import ImagePool
from saddle.loss.base import Loss
from saddle.memory import too_much
from saddle.penalty.base import InputGradientPenalty, WeightConstraint

_COLUMNS = 10


@dataclass(frozen=True)
class Way:
    """One direction: images `reads` are turned into images `makes`, and `judge` tells those from real ones."""

    reads: str
    makes: str
    maker: str
    judge: str
    prefix: str
    """What the names of its terms begin with."""


WAYS = (
    Way("source", "image", "generator", "discriminator", ""),  # the paper's G: X -> Y, with D_Y
    Way("image", "source", "inverse", "source_discriminator", "source_"),  # and F: Y -> X, with D_X
)


@dataclass(frozen=True)
class CycleGAN(Game):
    """Both discriminators' turn, then that of both generators, which minimize equation 3 and the identity loss.

    Each discriminator minimizes an `AdversarialObjective` (equation 1) with the fakes of its side, of which some come
    from a pool of `pool_size` earlier ones (section 4; 0: no pool). The cycle loss is equation 2, and the identity loss
    that of section 5.2; each is the sum of both directions' mean absolute differences per pixel, images being in
    [-1, 1], as the authors' code takes the L1 norm. `weights` are of G's terms. The paper halves D's loss, which Adam
    would undo.
    `channels` and `image_size` are those of both domains.
    Raises ValueError unless `weights` has exactly the terms adversarial, cycle and identity.
    """

    loss: Loss
    channels: Size
    image_size: Side
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)
    weights: Mapping[str, NonNegative] = field(
        default_factory=lambda: {"adversarial": 1.0, "cycle": 10.0, "identity": 5.0}
    )
    pool_size: SizeOrNone = 50
    pools: Mapping[str, ImagePool] = field(init=False, compare=False)
    """By what is in them: image and source."""

    needs = ("generator", "inverse", "discriminator", "source_discriminator")
    measures = ("counterpart_error", "unchanged_error", "cycle_error", "inverse_cycle_error", "label_preservation")
    averaged = ("generator", "inverse")
    reads = "source"
    plays = (InputGradientPenalty, WeightConstraint)

    def __post_init__(self) -> None:
        check_weights(self.weights, ("adversarial", "cycle", "identity"))
        if excess := too_much(2 * 4 * self.pool_size * self.channels * self.image_size**2):
            raise ValueError(f"pool_size={self.pool_size} needs {excess}: use less")
        kinds = [way.makes for way in WAYS] if self.pool_size else []
        pools = {kind: ImagePool(self.pool_size, self.channels, self.image_size) for kind in kinds}
        object.__setattr__(self, "pools", pools)

    @property
    def objective(self) -> AdversarialObjective:
        return AdversarialObjective(self.loss, self.penalties, self.augmentations)

    def turns(self) -> tuple[Turn, ...]:
        judges, makers = tuple(way.judge for way in WAYS), tuple(way.maker for way in WAYS)
        after = self.remember if self.state() else None
        return (
            Turn("discriminator", judges, self.discriminator_loss, 1, self.objective.constraints, after),
            Turn("generator", makers, self.generator_loss),
        )

    def state(self) -> dict[str, nn.Module]:
        return {f"{kind}_pool": pool for kind, pool in self.pools.items()} | self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The losses of both discriminators; `observed` are the first one's logits, and what `remember` needs."""
        terms, observed = {}, {}
        for way in WAYS:
            with torch.no_grad():
                made = networks[way.maker](batch[way.reads])
            numbers = moment.uniform(f"{way.makes}_pool", (len(made),))
            shown = self.pools[way.makes].drawn(made, numbers) if self.pools else made
            played = self.objective.discriminator_loss(self._scene(way, networks, batch, shown, moment), moment)
            terms |= {f"{way.prefix}{name}": value for name, value in played.terms.items()}
            observed |= {f"{way.prefix}{name}": logits for name, logits in played.observed.items()}
            observed |= {f"{way.makes}_made": made, f"{way.makes}_numbers": numbers}
        return Played(terms, observed)

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """The loss of both generators; a term of weight 0 is left out."""
        made = {way.makes: networks[way.maker](batch[way.reads]) for way in WAYS}
        terms, observed = {}, {}
        for way in WAYS:
            scene = self._scene(way, networks, batch, made[way.makes], moment)
            played = self.objective.generator_loss(scene, moment, moment.iteration)
            terms[f"{way.prefix}adversarial"] = self.weights["adversarial"] * played.terms["adversarial"]
            observed[f"{way.prefix}fake"] = played.observed["fake"]
        if self.weights["cycle"] > 0:
            apart = [_apart(batch[way.makes], networks[way.maker](made[way.reads])) for way in WAYS]
            terms["cycle"] = self.weights["cycle"] * sum(values.mean() for values in apart)
        if self.weights["identity"] > 0:
            apart = [_apart(batch[way.makes], networks[way.maker](batch[way.makes])) for way in WAYS]
            terms["identity"] = self.weights["identity"] * sum(values.mean() for values in apart)
        return Played(terms, observed)

    def remember(self, observed: Mapping[str, Tensor]) -> None:
        """Put what was made into the pools, and tell augmentations of the logits of the first discriminator."""
        for kind, pool in self.pools.items():
            pool.put(observed[f"{kind}_made"], observed[f"{kind}_numbers"])
        self.objective.observe(observed)

    def _scene(self, way: Way, networks: Networks, batch: Batch, made: Tensor, moment: Moment) -> DiscriminatorInputs:
        judge = networks[way.judge]
        return DiscriminatorInputs(
            self.objective.seen(judge, moment), batch[way.makes], made, patches=getattr(judge, "patches", 1)
        )

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """Mean absolute differences per pixel, black to white being 1; the images are the sources' true counterparts.

        `counterpart_error`: of translations from counterparts; `unchanged_error`: of sources from them, what doing
        nothing scores; `cycle_error`: of sources from what comes back; `inverse_cycle_error`: of images likewise.
        """
        source, image = batch["source"], batch["image"]
        made, unmade = networks["generator"](source), networks["inverse"](image)
        apart = {
            "counterpart_error": _apart(image, made),
            "unchanged_error": _apart(image, source),
            "cycle_error": _apart(source, networks["inverse"](made)),
            "inverse_cycle_error": _apart(image, networks["generator"](unmade)),
        }
        return {name: values / 2 for name, values in apart.items()}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """`translations`: rows of sources, their translations, what comes back of these, and true counterparts."""
        source, image = (batch[kind][:_COLUMNS] for kind in ("source", "image"))
        made = networks["generator"](source)
        return {"translations": torch.stack([source, made, networks["inverse"](made), image])}

    def labeled_samples(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, LabeledSamples]:
        """`label_preservation`: a translation shows the class of its source."""
        return {"label_preservation": LabeledSamples(networks["generator"](batch["source"]), batch["label"])}


def _apart(images: Tensor, made: Tensor) -> Tensor:
    """The mean absolute difference per pixel, (N,), of what was `made`, in whatever precision, from images of data."""
    return (images - made).abs().flatten(1).mean(1)
