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


CLASSES = Condition(
    2,
    ("classes", "real_classes"),
    lambda r: r["classes"] <= r["real_classes"] ** 0.7,  # 5 of 10, 126 of 1,000
    lambda r: r["classes"] > r["real_classes"] ** 0.85,  # 7 of 10, 355 of 1,000
    "G collapses: its samples show {classes:.1f} classes in effect (exp of the entropy of the predicted classes), and "
    "training images {real_classes:.1f}. Try penalty=r1 or a larger weight of it, architecture.conditional=true if "
    "there are labels, or another seed",
)
"""The condition on predicted classes, which is judged when sample quality is measured."""


def conditions(duplicates: float, gradient_ratio: float) -> dict[str, Condition]:
    """The conditions by name; each is judged whenever the readings that it needs have been taken.

    They apply to every loss, with bounded logits or not. `separation` is the probability that D's logit on a real image
    is above that on a generated one (the area under the ROC curve); it does not change with monotone functions of the
    logits. It is 1 where D is always right, 1/2 where it guesses, and less where it is fooled. Alone it proves nothing.
    D may be always right while G learns well, so `discriminator_wins` also needs the gradient that G's images receive
    from D to have vanished relative to the largest of this run. A D that guesses is the aim of a GAN, so
    `discriminator_loses` also needs samples that are easy to tell apart by their nearest neighbors. Samples of an
    untrained generator are all alike, so `duplicates` has the longest patience. `classes` is judged whenever sample
    quality is measured, which is much rarer than the other probes.
    """
    clear = gradient_ratio**0.5
    return {
        "discriminator_wins": Condition(
            2,
            ("separation", "signal_share"),
            lambda r: r["separation"] >= 0.99 and r["signal_share"] <= 0.01,
            lambda r: r["separation"] < 0.97 or r["signal_share"] > 0.1,
            "D has won: it nearly always tells generated samples from real ones (separation {separation:.4f}), and the "
            "gradient that reaches G's samples is {signal_share:.1e} of its maximum. Try loss=non_saturating, "
            "penalty=r1, or a smaller optimizer.discriminator.lr",
        ),
        "discriminator_loses": Condition(
            3,
            ("separation", "neighbors"),
            lambda r: r["separation"] <= 0.52 and r["neighbors"] >= 0.95,
            lambda r: r["separation"] > 0.6 or r["neighbors"] < 0.9,
            "D has lost: it mistakes generated samples for real ones (separation {separation:.2f}; 0.5 is guessing), "
            "although nearest neighbors tell {neighbors:.0%} of them apart. Try a larger "
            "optimizer.discriminator.lr, a smaller optimizer.generator.lr, or a weaker penalty",
        ),
        "input_gradient": Condition(
            2,
            ("gradient_ratio",),
            lambda r: not 1 / gradient_ratio <= r["gradient_ratio"] <= gradient_ratio,
            lambda r: 1 / clear < r["gradient_ratio"] < clear,
            "D's input gradient at generated samples is {gradient_ratio:.1e} times that at real ones: G jumps where "
            "the gradient is large and stops learning where it is small. Try penalty=r1 or penalty=gradient_penalty, "
            "or a larger weight of it",
        ),
        "duplicates": Condition(
            5,
            ("duplicates", "real_duplicates"),
            lambda r: r["duplicates"] >= max(duplicates, 2 * r["real_duplicates"]),
            lambda r: r["duplicates"] < duplicates / 2,
            "G collapses: {duplicates:.0%} of its samples nearly equal another sample (real images: "
            "{real_duplicates:.0%}). Try penalty=r1 or a larger weight of it, a smaller optimizer.generator.lr, or "
            "another seed",
        ),
        "classes": CLASSES,
    }
