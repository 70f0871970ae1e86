"""When readings ring an alarm, and when the alarm clears."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Readings = Mapping[str, float]
"""Measurements of `saddle.callback.probe` and of D's recent logits, by name; those not taken are absent."""


@dataclass(frozen=True)
class Condition:
    """When readings that have all of `needs` are `bad` or `fine`; in between, an alarm neither starts nor clears.

    The alarm rings after `patience` bad readings in a row. `text` is the message: readings by their names in braces,
    then advice.
    """

    patience: int
    needs: tuple[str, ...]
    bad: Callable[[Readings], bool]
    fine: Callable[[Readings], bool]
    text: str


@dataclass
class Alarm:
    """Rings after `patience` bad observations in a row, and again only after a fine one."""

    patience: int
    count: int = 0
    ringing: bool = False

    def observe(self, bad: bool, fine: bool) -> bool:
        """Count one observation; return whether the alarm rings now."""
        self.count = self.count + 1 if bad else 0
        self.ringing = self.ringing and not fine
        rings = not self.ringing and self.count >= self.patience
        self.ringing = self.ringing or rings
        return rings


DISCRIMINATOR_WINS = Condition(
    2,
    ("separation", "signal_share"),
    lambda r: r["separation"] >= 0.99 and r["signal_share"] <= 0.01,
    lambda r: r["separation"] < 0.97 or r["signal_share"] > 0.1,
    "D has won: it nearly always tells generated samples from real ones (separation {separation:.4f}), and the "
    "gradient that reaches G's samples is {signal_share:.1e} of its maximum. Try loss=non_saturating, penalty=r1, or a "
    "smaller optimizer.discriminator.lr",
)
"""D is always right, and the gradient that G's images receive has vanished relative to the largest of this run.

D may be always right while G learns well, so `separation` alone proves nothing.
"""

DISCRIMINATOR_LOSES = Condition(
    3,
    ("separation", "neighbors"),
    lambda r: r["separation"] <= 0.52 and r["neighbors"] >= 0.95,
    lambda r: r["separation"] > 0.6 or r["neighbors"] < 0.9,
    "D has lost: it mistakes generated samples for real ones (separation {separation:.2f}; 0.5 is guessing), although "
    "nearest neighbors tell {neighbors:.0%} of them apart. Try a larger optimizer.discriminator.lr, a smaller "
    "optimizer.generator.lr, or a weaker penalty",
)
"""D guesses, although samples are easy to tell from real images by their nearest neighbors.

A D that guesses is the aim of a GAN, so `separation` alone proves nothing here, either.
"""

CLASSES = Condition(
    2,
    ("classes", "real_classes"),
    lambda r: r["classes"] <= r["real_classes"] ** 0.7,  # 5 of 10, 126 of 1,000
    lambda r: r["classes"] > r["real_classes"] ** 0.85,  # 7 of 10, 355 of 1,000
    "G collapses: its samples show {classes:.1f} classes in effect (exp of the entropy of the predicted classes), and "
    "training images {real_classes:.1f}. Try penalty=r1, a larger penalty.r1.weight where there is one, "
    "architecture.conditional=true if there are labels, or another seed",
)
"""Samples show few classes. It is judged whenever sample quality is measured, which is rarer than the other probes."""


def input_gradient(largest_ratio: float) -> Condition:
    """D's input gradients at generated and at real samples differ by more than `largest_ratio`, either way."""
    fine_ratio = largest_ratio**0.5
    return Condition(
        2,
        ("gradient_ratio",),
        lambda r: not 1 / largest_ratio <= r["gradient_ratio"] <= largest_ratio,
        lambda r: 1 / fine_ratio < r["gradient_ratio"] < fine_ratio,
        "D's input gradient at generated samples is {gradient_ratio:.1e} times that at real ones: G jumps where the "
        "gradient is large and stops learning where it is small. Try penalty=r1, or a larger penalty.r1.weight where "
        "there is one",
    )


def duplicates(largest_share: float) -> Condition:
    """A share of `largest_share` or more of the samples have a twin.

    Samples of an untrained generator are all alike, so this condition has the longest patience.
    """
    return Condition(
        5,
        ("duplicates", "real_duplicates"),
        lambda r: r["duplicates"] >= max(largest_share, 2 * r["real_duplicates"]),
        lambda r: r["duplicates"] < largest_share / 2,
        "G collapses: {duplicates:.0%} of its samples nearly equal another sample (real images: "
        "{real_duplicates:.0%}). Try penalty=r1, a larger penalty.r1.weight where there is one, a smaller "
        "optimizer.generator.lr, or another seed",
    )


COLLAPSE = ("duplicates", "classes")
"""The alarms by which samples are too much alike."""


def conditions(duplicate_share: float, gradient_ratio: float) -> dict[str, Condition]:
    """The conditions by name; each is judged whenever the readings that it needs have been taken.

    They apply to every loss, with bounded logits or not. `separation` is the probability that D's logit on a real image
    is above that on a generated one (the area under the ROC curve). Monotone functions of the logits do not change it.
    It is 1 where D is always right, 1/2 where it guesses, and less where it is fooled.
    """
    return {
        "discriminator_wins": DISCRIMINATOR_WINS,
        "discriminator_loses": DISCRIMINATOR_LOSES,
        "input_gradient": input_gradient(gradient_ratio),
        "duplicates": duplicates(duplicate_share),
        "classes": CLASSES,
    }
