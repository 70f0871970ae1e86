"""When a reading becomes an alarm, and when the alarm has cleared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Readings = Mapping[str, float]
"""What `saddle.callback.probe` and the window of D's logits say, by name; what was not measured is absent."""


@dataclass(frozen=True)
class Condition:
    """`bad` and `fine` say it of readings that have all of `needs`; in between an alarm neither starts nor clears.

    `patience` is the number of bad ones in a row by which the alarm rings. `text` is what a person reads: the readings
    by their names in braces, then what may be done.
    """

    patience: int
    needs: tuple[str, ...]
    bad: Callable[[Readings], bool]
    fine: Callable[[Readings], bool]
    text: str


@dataclass
class Alarm:
    """Rings once after `patience` bad observations in a row, and not again before one that is fine."""

    patience: int
    count: int = 0
    ringing: bool = False

    def observe(self, bad: bool, fine: bool) -> bool:
        """Take in one observation; whether the alarm rings by it."""
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
    "G collapses: its samples are read as {classes:.1f} classes in effect (exp of their entropy), training "
    "images as {real_classes:.1f}. Try penalty=r1 or more of it, architecture.conditional=true where there are "
    "labels, or another seed",
)
"""What is judged when sample quality is measured: the classes that a classifier reads."""


def conditions(duplicates: float, gradient_ratio: float) -> dict[str, Condition]:
    """What is judged, by name, wherever what it needs has been read.

    They hold for every loss, whether its logits are bounded or not. `separation` is the chance that D's logit on a
    real image is above that on a generated one (the area under the ROC curve), which no monotone change of the logits
    alters: 1 where D is always right, 1/2 where it guesses, below where it is fooled. It says nothing alone. D may be
    always right while G learns well, so `discriminator_wins` also asks whether the gradient that G's images receive
    from D has vanished against the largest of this run. A D that guesses is what a GAN aims at, so
    `discriminator_loses` also asks whether samples are easy to tell apart by other means, their nearest neighbors.
    Samples of a young generator are all alike, so `duplicates` has the longest patience. `classes` is judged whenever
    sample quality is measured, which is much rarer than the other probes.
    """
    clear = gradient_ratio**0.5
    return {
        "discriminator_wins": Condition(
            2,
            ("separation", "signal_share"),
            lambda r: r["separation"] >= 0.99 and r["signal_share"] <= 0.01,
            lambda r: r["separation"] < 0.97 or r["signal_share"] > 0.1,
            "D has won: it tells generated from real samples every time (separation {separation:.4f}), and the "
            "gradient that reaches G's samples is {signal_share:.1e} of its largest. Try loss=non_saturating, "
            "penalty=r1, or a smaller optimizer.discriminator.lr",
        ),
        "discriminator_loses": Condition(
            3,
            ("separation", "neighbors"),
            lambda r: r["separation"] <= 0.52 and r["neighbors"] >= 0.95,
            lambda r: r["separation"] > 0.6 or r["neighbors"] < 0.9,
            "D has lost: it takes generated samples for real ones (separation {separation:.2f}, 0.5 is guessing), "
            "though their nearest neighbors tell {neighbors:.0%} of them apart. Try a larger "
            "optimizer.discriminator.lr, a smaller optimizer.generator.lr, or a weaker penalty",
        ),
        "input_gradient": Condition(
            2,
            ("gradient_ratio",),
            lambda r: not 1 / gradient_ratio <= r["gradient_ratio"] <= gradient_ratio,
            lambda r: 1 / clear < r["gradient_ratio"] < clear,
            "D's input gradient at generated samples is {gradient_ratio:.1e} times that at real ones: G is thrown "
            "about where it is large and stands still where it is small. Try penalty=r1 or penalty=gradient_penalty, "
            "or more of it",
        ),
        "duplicates": Condition(
            5,
            ("duplicates", "real_duplicates"),
            lambda r: r["duplicates"] >= max(duplicates, 2 * r["real_duplicates"]),
            lambda r: r["duplicates"] < duplicates / 2,
            "G collapses: {duplicates:.0%} of its samples have a twin among the others (real ones: "
            "{real_duplicates:.0%}). Try penalty=r1 or more of it, a smaller optimizer.generator.lr, or another seed",
        ),
        "classes": CLASSES,
    }
